"""What stands in a kept configuration where a secret stood."""

import hashlib
import hmac
import re
from dataclasses import dataclass

MARK = re.compile(r"<redacted(?::[0-9a-f]{8})?>")
PLAIN = "<redacted>"
LITERAL = "<redacted"


@dataclass(frozen=True, slots=True)
class Marker:
    """Makes the marks of one device.

    Equal secrets of a device have equal marks, so that a changed one shows as a change; without the
    key nobody can try secrets against a mark. Marks of two devices cannot be compared.
    """

    key: bytes
    device: str

    def mark(self, secret: str) -> str:
        """Return the mark of a secret."""
        text = f"{self.device}\0{secret}".encode()
        return f"<redacted:{hmac.new(self.key, text, hashlib.sha256).hexdigest()[:8]}>"


def without_marks(text: str) -> str:
    """Return a text with its marks taken out."""
    return MARK.sub("", text)
