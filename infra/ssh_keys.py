"""ed25519 key pairs in OpenSSH's formats."""

from dataclasses import dataclass, field

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A key pair: `public` as `ssh-ed25519 AAAA…` without a comment, `private` as PEM."""

    public: str
    private: str = field(repr=False)


def new_key_pair() -> KeyPair:
    """Return a fresh key pair."""
    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.OpenSSH,
        serialization.NoEncryption(),
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH
    )
    return KeyPair(public.decode(), private.decode())
