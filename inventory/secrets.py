"""References to secrets, and the values behind them; values are never logged or kept elsewhere."""

import os
import secrets
from pathlib import Path

from inventory.backup_plans import backup_plans
from inventory.connections import ssh
from inventory.entries import devices, hosts, services
from inventory.files import write_whole
from inventory.model.estate import Estate
from inventory.vault import VaultError, read_value

LENGTH_BYTES = 24
# What the marks in kept configurations are made with.
MARKS = "generated:configuration-marks"


class SecretError(Exception):
    """A secret cannot be found where its reference points."""


def secret_path(reference: str, state: Path) -> Path | None:
    """Return the file behind a `generated:` or `file:` reference; None for `env:` and `vault:`."""
    kind, _, rest = reference.partition(":")
    if kind == "generated":
        return state / "secrets" / rest
    return Path(rest) if kind == "file" else None


def handed_name(reference: str) -> str:
    """Return the name, below the state, of the file that brings an `env:` or `vault:` value.

    The playbooks write it on the operations host, which has neither the environment nor the vault.
    """
    kind, _, rest = reference.partition(":")
    file, _, key = rest.rpartition("#")
    own = f"{Path(file).name}.{key}" if file else key
    # Names of generated secrets never begin like this.
    return f"secrets/_{kind}.{own}"


def resolve(reference: str, state: Path) -> str:
    """Return the secret behind a reference; SecretError says what to do when it is missing.

    On the operations host the file that was handed over takes the place of a vault, and of a
    variable that is not set.
    """
    handed = state / handed_name(reference)
    if reference.startswith("vault:") and handed.exists():
        return _read(handed, reference)
    if reference.startswith("env:") and not _variable(reference) and handed.exists():
        return _read(handed, reference)
    return resolve_at_source(reference, state)


def resolve_at_source(reference: str, state: Path) -> str:
    """Return the secret from where its reference points, never from what was handed over."""
    path = secret_path(reference, state)
    if path is not None:
        return _read(path, reference)
    if reference.startswith("vault:"):
        file, _, key = reference.removeprefix("vault:").rpartition("#")
        try:
            return read_value(Path(file), key)
        except VaultError as error:
            raise SecretError(f"{reference}: {error}") from None
    value = _variable(reference)
    if not value:
        name = reference.removeprefix("env:")
        raise SecretError(f"{reference}: the environment variable {name} is not set; export it")
    return value


def unresolved(estate: Estate, state: Path) -> tuple[str, ...]:
    """Return what is wrong with each secret that must come from outside and does not; no values.

    `generated:` secrets are not among it: they are made when they are needed.
    """
    return tuple(
        problem
        for reference in references(estate)
        if not reference.startswith("generated:") and (problem := _missing(reference, state))
    )


def _missing(reference: str, state: Path) -> str:
    try:
        resolve(reference, state)
    except SecretError as error:
        return str(error)
    return ""


def _variable(reference: str) -> str | None:
    return os.environ.get(reference.removeprefix("env:"))


def _read(path: Path, reference: str) -> str:
    try:
        value = path.read_text(encoding="utf-8").strip()
    except UnicodeDecodeError:
        raise SecretError(f"{reference}: {path} is not UTF-8 text; write it anew") from None
    except OSError as error:
        hint = "run `bastide infra up`, which makes it" if reference[0] == "g" else "make the file"
        raise SecretError(f"{reference}: cannot read {path}: {error.strerror}; {hint}") from None
    if not value:
        raise SecretError(f"{reference}: {path} is empty; write the secret into it")
    return value


def references(estate: Estate) -> tuple[str, ...]:
    """Return every secret reference of an estate, sorted and once each."""
    of_hosts = (entry.host.snmp for entry in hosts(estate) if entry.host.snmp)
    accesses = (estate.snmp, *(entry.snmp for entry in devices(estate)), *of_hosts)
    polling = {reference for access in accesses for reference in access.secrets}
    backups = {plan.password for entry in hosts(estate) for plan in backup_plans(entry)}
    channels = estate.notify.channels if estate.notify else ()
    notifying = {channel.secret for channel in channels if channel.secret}
    of_journeys = journey_secrets(estate)
    gear = (entry.device.configuration for entry in devices(estate))
    of_gear = {reference for one in gear if one for reference in (*one.ssh.secrets, MARKS)}
    of_buckets = {key.secret_key for one in estate.buckets for key in (one.writer, one.reader)}
    given = of_buckets | _sudo_passwords(estate)
    return tuple(sorted(polling | backups | notifying | of_journeys | of_gear | given))


def journey_secrets(estate: Estate) -> frozenset[str]:
    """Return the references to what journeys fill forms with."""
    journeys = (journey for entry in services(estate) for journey in entry.service.journeys)
    return frozenset(reference for journey in journeys for reference in journey.secrets)


def _sudo_passwords(estate: Estate) -> set[str]:
    ways = (ssh(entry) for entry in hosts(estate))
    return {way.sudo_password for way in ways if way.sudo == "password" and way.sudo_password}


def ensure_generated(estate: Estate, state: Path) -> tuple[str, ...]:
    """Make the `generated:` secrets that do not exist yet; return the references made.

    SecretError, with nothing made, when the password of a repository that is in use is gone.
    """
    refuse_lost_passwords(estate, state)
    made = []
    for reference in references(estate):
        path = secret_path(reference, state)
        if reference.startswith("generated:") and path is not None and not path.exists():
            write_whole(path, secrets.token_urlsafe(LENGTH_BYTES))
            made.append(reference)
    return tuple(made)


def refuse_lost_passwords(estate: Estate, state: Path) -> None:
    """Raise SecretError for passwords of repositories in use that are gone: no other opens those.

    In use is what has a key: `<state>/ssh/backup/HOST-PLAN.pub`, fetched when it was configured.
    """
    lost = []
    for entry in hosts(estate):
        for plan in backup_plans(entry):
            path = secret_path(plan.password, state)
            key = state / "ssh" / "backup" / f"{entry.name}-{plan.id}.pub"
            generated = plan.password.startswith("generated:")
            if generated and path and not path.exists() and key.exists():
                lost.append(_lost(plan.password, path, entry.name, plan.id, key))
    if lost:
        raise SecretError("\n".join(lost))


def _lost(reference: str, path: Path, host: str, plan: str, key: Path) -> str:
    return (
        f"{reference}: {path} is gone, and nothing else opens the repository of {host} {plan}"
        f"\n    do: write it back, from a copy of the state folder or from the host itself, "
        f"/etc/bastide/backup/{plan}/password there (runbook lost-repository-password)"
        f"\n    if the repository is given up: remove {key}, and run it again for a new password"
    )
