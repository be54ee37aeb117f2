"""Empty restic repositories whose password costs nothing to try.

restic makes a password expensive on purpose: scrypt takes it a second when a repository is made,
and a quarter of one each time that it is opened. Here is its own format (restic's design document,
"Keys, Encryption and MAC") with the smallest scrypt; everything else is restic's own work.
"""

import base64
import json
import os
from datetime import datetime
from hashlib import scrypt, sha256
from pathlib import Path

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR, ECB
from cryptography.hazmat.primitives.poly1305 import Poly1305

CHEAPEST = {"N": 2, "r": 1, "p": 1}
FORMAT = 2
# Irreducible, as restic demands it: the design document's.
POLYNOMIAL = "25b468838dcb75"
FOLDERS = ("index", "keys", "locks", "snapshots", *(f"data/{byte:02x}" for byte in range(256)))


def make_repository(folder: Path, password: str) -> None:
    """Make an empty repository in a folder, which may be there already."""
    for name in FOLDERS:
        (folder / name).mkdir(mode=0o700, parents=True, exist_ok=True)
    master, salt = os.urandom(64), os.urandom(64)
    user = scrypt(
        password.encode(), salt=salt, n=CHEAPEST["N"], r=CHEAPEST["r"], p=CHEAPEST["p"], dklen=64
    )
    about = {"version": FORMAT, "id": os.urandom(32).hex(), "chunker_polynomial": POLYNOMIAL}
    _write(folder / "config", _sealed(master, json.dumps(about).encode()))
    sealed = _sealed(user, json.dumps(_parts(master)).encode())
    key = {"kdf": "scrypt", **CHEAPEST, "salt": _text(salt), "data": _text(sealed)}
    content = json.dumps(key).encode()
    _write(folder / "keys" / sha256(content).hexdigest(), content)


def leave_lock(folder: Path, password: str, made: datetime, *, exclusive: bool = False) -> Path:
    """Leave a lock as a client would whose clock says `made`, and which has died since."""
    (key,) = (json.loads(path.read_bytes()) for path in (folder / "keys").iterdir())
    user = scrypt(
        password.encode(),
        salt=base64.b64decode(key["salt"]),
        n=key["N"], r=key["r"], p=key["p"], dklen=64,
    )  # fmt: skip
    parts = json.loads(_opened(user, base64.b64decode(key["data"])))
    shares = (parts["encrypt"], parts["mac"]["k"], parts["mac"]["r"])
    about = {"time": made.isoformat(), "exclusive": exclusive, "hostname": "elsewhere", "pid": 7}
    lock = _sealed(b"".join(map(base64.b64decode, shares)), json.dumps(about).encode())
    path = folder / "locks" / sha256(lock).hexdigest()
    _write(path, lock)
    return path


def _opened(key: bytes, sealed: bytes) -> bytes:
    """Decrypt what `_sealed` has made."""
    return Cipher(AES(key[:32]), CTR(sealed[:16])).decryptor().update(sealed[16:-16])


def _parts(key: bytes) -> dict[str, object]:
    """Return a key's parts by the names that restic gives them."""
    return {
        "mac": {"k": _text(key[32:48]), "r": _text(key[48:])},
        "encrypt": _text(key[:32]),
    }


def _sealed(key: bytes, content: bytes) -> bytes:
    """Encrypt with AES-256-CTR and sign with Poly1305-AES, whose nonce is the same."""
    nonce = os.urandom(16)
    hidden = Cipher(AES(key[:32]), CTR(nonce)).encryptor().update(content)
    mask = Cipher(AES(key[32:48]), ECB()).encryptor().update(nonce)  # noqa: S305 - Poly1305-AES
    return nonce + hidden + Poly1305.generate_tag(key[48:] + mask, hidden)


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _write(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    file.chmod(0o400)
