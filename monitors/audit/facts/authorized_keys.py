"""Lines of authorized_keys files, taken apart as sshd does it (sshd(8), auth2-pubkeyfile.c)."""

import base64
import binascii
import re
from dataclasses import dataclass

from monitors.audit.collect.backends import UndeterminedError

# What the decoder of base64 in OpenSSH skips wherever it stands.
SPACES = re.compile(r"[ \t\n\v\f\r]+")
KEY = re.compile(r"^([^ \t]+)[ \t]+([^ \t]+)(?:[ \t]+(.*))?$", re.DOTALL)


@dataclass(frozen=True, slots=True)
class AuthorizedKey:
    """A key: what stands before it, its type and bytes in base64, what stands behind it."""

    options: str
    kind: str
    blob: str
    comment: str


def authorized_key(line: str) -> AuthorizedKey:
    """Return the key of a line; UndeterminedError when it is none that is understood."""
    text = line.lstrip(" \t")
    if key := _key(text, ""):
        return key
    end = _options_end(text)
    if key := _key(text[end:].lstrip(" \t"), text[:end]):
        return key
    raise UndeterminedError(f"a line of keys that is not understood: {line[:60]}")


def _key(text: str, options: str) -> AuthorizedKey | None:
    match = KEY.match(text)
    if not match:
        return None
    blob = SPACES.sub("", match[2])
    try:
        decoded = base64.b64decode(blob, validate=True)
    except (binascii.Error, ValueError):
        return None
    named = int.from_bytes(decoded[:4], "big")
    if decoded[4 : 4 + named].decode("ascii", "replace") != match[1]:
        return None
    return AuthorizedKey(options, match[1], blob, (match[3] or "").strip())


def _options_end(text: str) -> int:
    """Return where options end: at the first blank outside quotes."""
    quoted, place = False, 0
    while place < len(text) and (quoted or text[place] not in " \t"):
        if text[place] == "\\" and text[place + 1 : place + 2] == '"':
            place += 1
        elif text[place] == '"':
            quoted = not quoted
        place += 1
    return place
