"""The auditor's Ed25519 key (RFC 8032): made at first use, never leaves its machine.

Every machine that audits has a key and a chain of its own. The public key's fingerprint is what
a municipality gives to its auditor beforehand, on paper.
"""

import base64
import contextlib
import hashlib
import re
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from inventory.files import write_first

KEY_FILE = "signing.key"


class SigningError(Exception):
    """The key cannot be used; the text names its file."""


class SigningKey:
    """The private key of one auditing machine."""

    def __init__(self, private: Ed25519PrivateKey) -> None:
        self._private = private

    @property
    def public(self) -> str:
        """The raw public key in base64."""
        return base64.b64encode(self._private.public_key().public_bytes_raw()).decode()

    def sign(self, message: bytes) -> str:
        """Return the signature of a message in base64."""
        return base64.b64encode(self._private.sign(message)).decode()


def signing_key(folder: Path) -> SigningKey:
    """Return the key of `<folder>/signing.key`, made when there is none; SigningError if broken."""
    file = folder / KEY_FILE
    if not file.exists():
        _create(file)
    try:
        private = load_pem_private_key(file.read_bytes(), password=None)
    except (OSError, ValueError, TypeError) as error:
        raise SigningError(f"{file}: not a private key: {error}") from None
    if not isinstance(private, Ed25519PrivateKey):
        raise SigningError(f"{file}: expected an Ed25519 key, found {type(private).__name__}")
    return SigningKey(private)


def _create(file: Path) -> None:
    """Write a new key; whoever comes second keeps the first one's."""
    pem = Ed25519PrivateKey.generate().private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    with contextlib.suppress(FileExistsError):
        write_first(file, pem)


def is_signed(message: bytes, signature: str, public: str) -> bool:
    """Return whether a base64 signature of a message is that of a base64 public key.

    Both in the one spelling that base64 has for them: others would be other bytes, as good.
    """
    try:
        key = Ed25519PublicKey.from_public_bytes(_octets(public))
        key.verify(_octets(signature), message)
    except (InvalidSignature, ValueError, TypeError):
        return False
    return True


def _octets(text: str) -> bytes:
    octets = base64.b64decode(text, validate=True)
    if base64.b64encode(octets).decode() != text:
        raise ValueError("not the spelling of base64")
    return octets


def bare(text: str) -> str:
    """Return a fingerprint as people write it (blanks, colons, capitals) in its digits alone."""
    return "".join(text.lower().replace(":", " ").split())


def is_fingerprint(text: str) -> bool:
    """Return whether a text is a whole fingerprint, however it is grouped."""
    return re.fullmatch("[0-9a-f]{64}", bare(text)) is not None


def fingerprint(public: str) -> str:
    """Return the SHA-256 of a raw public key as people compare it: eight groups of eight."""
    digest = hashlib.sha256(base64.b64decode(public)).hexdigest()
    return " ".join(digest[start : start + 8] for start in range(0, 64, 8))
