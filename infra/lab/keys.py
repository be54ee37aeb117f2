"""ed25519 key pairs in OpenSSH's formats."""

from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from infra.lab.place import write_atomically


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


def ensure_key_pair(path: Path, comment: str) -> str:
    """Return the public key kept at `path`.pub, with its comment; both files made when missing.

    The private key is written last: while it is missing the pair does not exist.
    """
    public = path.with_name(f"{path.name}.pub")
    if path.exists() and public.exists():
        return public.read_text(encoding="utf-8").strip()
    pair = new_key_pair()
    line = f"{pair.public} {comment}"
    write_atomically(public, f"{line}\n", mode=0o644)
    write_atomically(path, pair.private)
    return line
