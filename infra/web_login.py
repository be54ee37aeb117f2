"""Making the login of Prometheus' and Alertmanager's web interfaces."""

import secrets
from pathlib import Path

import bcrypt

from inventory.files import write_whole
from inventory.web_login import hash_file, password_file

LENGTH_BYTES = 24
# The servers compare once and then remember; a random password needs no more rounds.
ROUNDS = 10


def ensure(state: Path) -> bool:
    """Make the password, and its hash where that is not of it; return whether one was made."""
    password, hashed = password_file(state), hash_file(state)
    missing = not password.exists()
    if missing:
        write_whole(password, secrets.token_urlsafe(LENGTH_BYTES))
    secret = password.read_bytes()
    if not (hashed.exists() and _is_of(secret, hashed.read_bytes())):
        write_whole(hashed, bcrypt.hashpw(secret, bcrypt.gensalt(ROUNDS)))
    return missing


def _is_of(password: bytes, hashed: bytes) -> bool:
    try:
        return bcrypt.checkpw(password, hashed)
    except ValueError:
        return False
