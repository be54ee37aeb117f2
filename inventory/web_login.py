"""The login of Prometheus' and Alertmanager's web interfaces, and where it is kept."""

from pathlib import Path

USER = "bastide"


def password_file(state: Path) -> Path:
    """Return where the password lies: an estate's state, or the same on the operations host."""
    return state / "secrets" / "web-login"


def hash_file(state: Path) -> Path:
    """Return where the password's bcrypt hash lies, which is all that the servers are given."""
    return state / "secrets" / "web-login.bcrypt"


def authority_file(state: Path) -> Path:
    """Return the certificate of the estate's authority, which vouches for the servers."""
    return state / "tls" / "authority.crt"
