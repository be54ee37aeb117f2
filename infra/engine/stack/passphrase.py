"""Pulumi's passphrase secrets provider: AES-256-GCM under a key from PBKDF2-HMAC-SHA256.

Format (Pulumi, pkg/secrets/passphrase): the salt line `v1:<salt>:v1:<nonce>:<text>` carries the
word `pulumi` encrypted, by which a passphrase is checked; a ciphertext is `v1:<nonce>:<text>`.
All parts are base64.
"""

import base64
import functools
import hashlib
import secrets
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from infra.engine.api import EngineError

_ITERATIONS = 1_000_000
_KEY_BYTES = 32
_SALT_BYTES = 8
_NONCE_BYTES = 12
_PROOF = "pulumi"


@functools.lru_cache(maxsize=16)
def _key(passphrase: str, salt: bytes) -> bytes:
    # 0.6 s a call by design of the provider, so once for each stack and process.
    return hashlib.pbkdf2_hmac("sha256", passphrase.encode(), salt, _ITERATIONS, _KEY_BYTES)


def _encrypt(key: bytes, plaintext: str) -> str:
    nonce = secrets.token_bytes(_NONCE_BYTES)
    text = AESGCM(key).encrypt(nonce, plaintext.encode(), None)
    return f"v1:{base64.b64encode(nonce).decode()}:{base64.b64encode(text).decode()}"


def _decrypt(key: bytes, ciphertext: str) -> str:
    version, nonce, text = ciphertext.split(":")
    if version != "v1":
        raise ValueError(version)
    plain = AESGCM(key).decrypt(base64.b64decode(nonce), base64.b64decode(text), None)
    return plain.decode()


@dataclass
class Crypter:
    """Encrypts and decrypts one stack's secrets.

    Remembers each ciphertext by resource and plaintext, so that a secret which did not change
    keeps its ciphertext and the state stays the same byte for byte.
    """

    salt: str
    _key: bytes = field(repr=False)
    _ciphertexts: dict[tuple[str, str], str] = field(default_factory=dict, repr=False)

    def encrypt(self, scope: str, plaintext: str) -> str:
        """Return the ciphertext of a secret that belongs to the resource `scope`."""
        ciphertext = self._ciphertexts.get((scope, plaintext))
        if ciphertext is None:
            ciphertext = self._ciphertexts[scope, plaintext] = _encrypt(self._key, plaintext)
        return ciphertext

    def decrypt(self, scope: str, ciphertext: str) -> str:
        """Return the plaintext; raises EngineError when the text was not made with this key."""
        try:
            return _decrypt(self._key, ciphertext)
        except (ValueError, InvalidTag) as error:
            raise EngineError(
                f"a secret of {scope or 'the configuration'} cannot be decrypted: it was not "
                "encrypted with this stack's passphrase; restore the state from its .bak file"
            ) from error

    def remember(self, scope: str, plaintext: str, ciphertext: str) -> None:
        """Use this ciphertext again for the same secret of the same resource."""
        self._ciphertexts[scope, plaintext] = ciphertext


def create(passphrase: str) -> Crypter:
    """Make the secrets provider of a new stack, with a new salt."""
    salt = secrets.token_bytes(_SALT_BYTES)
    key = _key(passphrase, salt)
    line = f"v1:{base64.b64encode(salt).decode()}:{_encrypt(key, _PROOF)}"
    return Crypter(line, key)


def open_with(passphrase: str, salt: str, origin: str) -> Crypter:
    """Open an existing stack's secrets provider by its salt line, read from `origin`.

    Raises EngineError when the passphrase is wrong or the line is not one.
    """
    parts = salt.split(":", 2)
    if len(parts) != 3 or parts[0] != "v1":
        raise EngineError(f"{origin}: expected a salt like v1:…:v1:…:…, found {salt[:24]!r}")
    key = _key(passphrase, base64.b64decode(parts[1]))
    try:
        proven = _decrypt(key, parts[2]) == _PROOF
    except (ValueError, InvalidTag):
        proven = False
    if not proven:
        raise EngineError(
            f"the passphrase does not open the stack's secrets (salt in {origin}): "
            "use the passphrase that the stack was made with"
        )
    return Crypter(salt, key)
