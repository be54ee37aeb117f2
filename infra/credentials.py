"""What an estate needs before it is provisioned: secrets, SSH keys, certificates."""

from dataclasses import dataclass
from pathlib import Path

from infra import certificates, web_login
from infra.ssh_keys import new_key_pair
from inventory.entries import hosts
from inventory.files import write_whole
from inventory.model.estate import Estate
from inventory.secrets import ensure_generated

ADMIN = "admin"
AUDIT = "audit"
WITNESS = "witness"
SSH_KEYS = (ADMIN, AUDIT)


@dataclass(frozen=True, slots=True)
class Made:
    """The names of what was made by this call; what was there already is not among it."""

    secrets: tuple[str, ...]
    ssh_keys: tuple[str, ...]
    certificates: tuple[str, ...]

    @property
    def count(self) -> int:
        """How many were made."""
        return len(self.secrets) + len(self.ssh_keys) + len(self.certificates)


def ensure(estate: Estate, state: Path) -> Made:
    """Make what is missing or about to expire, keep the rest; safe to repeat."""
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Every host: it shows its certificate to the log receiver, and to whom it serves.
    addresses = {entry.fqdn: str(entry.host.address) for entry in hosts(estate)}
    return Made(
        secrets=(
            *ensure_generated(estate, state),
            *(["web-login"] if web_login.ensure(state) else []),
        ),
        ssh_keys=tuple(
            name for name in _ssh_keys(estate) if _ensure_ssh_key(state / "ssh" / name, estate)
        ),
        certificates=certificates.ensure(estate.title, addresses, state / "tls"),
    )


def _ssh_keys(estate: Estate) -> tuple[str, ...]:
    return (*SSH_KEYS, *((WITNESS,) if estate.witness else ()))


def public_key(estate: Estate, state: Path, name: str = ADMIN) -> str:
    """Return the line of the key that the estate logs in with; the key is made at the first call.

    `name` is one of SSH_KEYS. The state folder is made for its owner only.
    """
    path = state / "ssh" / name
    _ensure_ssh_key(path, estate)
    return path.with_suffix(".pub").read_text(encoding="utf-8").strip()


def passphrase(state: Path) -> str:
    """Return the passphrase of the estate's Pulumi state, made at the first call."""
    path = state / "secrets" / "pulumi-passphrase"
    if not path.exists():
        write_whole(path, certificates.random_text())
    return path.read_text(encoding="utf-8")


def _ensure_ssh_key(path: Path, estate: Estate) -> bool:
    if path.exists():
        return False
    pair = new_key_pair()
    comment = f"bastide-{estate.estate}-{path.name}"
    write_whole(path.with_suffix(".pub"), f"{pair.public} {comment}\n", mode=0o644)
    write_whole(path, pair.private)
    return True
