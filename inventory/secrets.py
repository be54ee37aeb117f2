"""References to secrets, and the values behind them; values are never logged or kept elsewhere."""

import os
import secrets
from pathlib import Path

from inventory.files import write_whole
from inventory.model import Estate
from inventory.placed import devices, hosts

LENGTH_BYTES = 24


class SecretError(Exception):
    """A secret cannot be found where its reference points."""


def secret_path(reference: str, state: Path) -> Path | None:
    """Return the file behind a `generated:` or `file:` reference; None for `env:`."""
    kind, _, rest = reference.partition(":")
    if kind == "generated":
        return state / "secrets" / rest
    return Path(rest) if kind == "file" else None


def resolve(reference: str, state: Path) -> str:
    """Return the secret behind a reference; SecretError says what to do when it is missing."""
    path = secret_path(reference, state)
    if path is None:
        name = reference.removeprefix("env:")
        value = os.environ.get(name)
        if not value:
            raise SecretError(f"{reference}: the environment variable {name} is not set; export it")
        return value
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError as error:
        hint = "run `bastide infra up`, which makes it" if reference[0] == "g" else "make the file"
        raise SecretError(f"{reference}: cannot read {path}: {error.strerror}; {hint}") from None


def references(estate: Estate) -> tuple[str, ...]:
    """Return every secret reference of an estate, sorted and once each."""
    found = set(estate.snmp.secrets)
    for placed in devices(estate):
        found |= set(placed.snmp.secrets)
    for host in hosts(estate):
        found |= {plan.password for plan in host.host.backups}
    return tuple(sorted(found))


def ensure_generated(estate: Estate, state: Path) -> tuple[str, ...]:
    """Make the `generated:` secrets that do not exist yet; return the references made."""
    made = []
    for reference in references(estate):
        path = secret_path(reference, state)
        if reference.startswith("generated:") and path is not None and not path.exists():
            write_whole(path, secrets.token_urlsafe(LENGTH_BYTES))
            made.append(reference)
    return tuple(made)
