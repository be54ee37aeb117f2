"""Who logs in to a host over SSH, and with which keys: the baseline's accounts, then its roles'."""

from dataclasses import dataclass

from inventory.backup_plans import plans_kept_on
from inventory.entries import InventoryHost, hosts
from inventory.enums import Role
from inventory.levels import is_full

ADMINISTRATOR = "root"
AUDITOR = "bastide-audit"
BACKUP = "bastide-backup"
DRILL = "bastide-drill"


@dataclass(frozen=True, slots=True)
class Login:
    """An account that may log in; its keys are names below the state's folder `ssh`."""

    account: str
    keys: tuple[str, ...]


def logins(entry: InventoryHost) -> tuple[Login, ...]:
    """Return the accounts that may log in to a host, the administrator first."""
    everywhere = (Login(ADMINISTRATOR, ("admin",)), Login(AUDITOR, ("audit",)))
    if Role.VAULT not in entry.host.roles:
        return everywhere
    return (*everywhere, Login(BACKUP, _clients(entry)), Login(DRILL, _scratches(entry)))


def _clients(vault: InventoryHost) -> tuple[str, ...]:
    return tuple(f"backup/{client.name}-{plan.id}" for client, plan in plans_kept_on(vault))


def _scratches(vault: InventoryHost) -> tuple[str, ...]:
    return tuple(
        f"backup/{other.name}-drill"
        for other in hosts(vault.tenant.estate)
        if Role.SCRATCH in other.host.roles and is_full(other)
    )
