"""The User-based Security Model: keys, signatures and encryption (RFC 3414, 3826, 7860)."""

import hashlib
import hmac
from dataclasses import dataclass, field
from functools import lru_cache

from cryptography.hazmat.decrepit.ciphers.modes import CFB
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES

from monitors.snmp.client import User

# RFC 3414, A.2: the passphrase is repeated to so many octets and hashed.
EXPANDED = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Signing:
    """An authentication protocol: its hash, and how much of the digest a message carries."""

    digest: str
    octets: int


AUTHENTICATION: dict[str, Signing] = {
    "SHA": Signing("sha1", 12),
    "SHA224": Signing("sha224", 16),
    "SHA256": Signing("sha256", 24),
    "SHA384": Signing("sha384", 32),
    "SHA512": Signing("sha512", 48),
}
# Octets of the key. Longer keys than the hash gives are stretched as net-snmp does it
# (draft-blumenthal-aes-usm-04, 3.1.2.1).
PRIVACY: dict[str, int] = {"AES": 16, "AES192": 24, "AES256": 32}


@dataclass(frozen=True, slots=True)
class Keys:
    """A user's keys for one engine."""

    user: bytes
    signing: Signing
    auth: bytes = field(repr=False)
    cipher: AES = field(repr=False)

    def signature(self, message: bytes) -> bytes:
        """Return what a message carries to prove who sent it (RFC 3414, 6.3.1)."""
        digest = hmac.digest(self.auth, message, self.signing.digest)
        return digest[: self.signing.octets]

    def encrypt(self, plain: bytes, boots: int, time: int, salt: bytes) -> bytes:
        """Return the encrypted octets (RFC 3826, 3.1.3); ``salt`` has eight, never used twice."""
        encryptor = Cipher(self.cipher, CFB(_vector(boots, time, salt))).encryptor()
        return encryptor.update(plain)

    def decrypt(self, octets: bytes, boots: int, time: int, salt: bytes) -> bytes:
        """Return the plain octets (RFC 3826, 3.1.4)."""
        decryptor = Cipher(self.cipher, CFB(_vector(boots, time, salt))).decryptor()
        return decryptor.update(octets)


@lru_cache(maxsize=8192)
def localized(user: User, engine: bytes) -> Keys:
    """Return a user's keys for an engine; the dear part is done once for each passphrase."""
    signing = AUTHENTICATION[user.auth_protocol]
    auth = _localize(master_key(user.auth, signing.digest), engine, signing.digest)
    private = _localize(master_key(user.priv, signing.digest), engine, signing.digest)
    size = PRIVACY[user.priv_protocol]
    while len(private) < size:
        private += hashlib.new(signing.digest, private, usedforsecurity=True).digest()
    return Keys(user.user.encode(), signing, auth, AES(private[:size]))


@lru_cache(maxsize=1024)
def master_key(passphrase: str, digest: str) -> bytes:
    """Return the key that a passphrase becomes (RFC 3414, A.2.2): milliseconds of CPU."""
    word = passphrase.encode()
    expanded = (word * (EXPANDED // len(word) + 1))[:EXPANDED]
    return hashlib.new(digest, expanded).digest()


def _localize(master: bytes, engine: bytes, digest: str) -> bytes:
    return hashlib.new(digest, master + engine + master).digest()


def _vector(boots: int, time: int, salt: bytes) -> bytes:
    return boots.to_bytes(4, "big") + time.to_bytes(4, "big") + salt
