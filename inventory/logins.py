"""Who logs in to a host over SSH, and with which keys: the baseline's accounts, then its roles'."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime

from inventory.backup_plans import copies_kept_on, pulled_by
from inventory.connections import ssh
from inventory.entries import InventoryHost, hosts
from inventory.enums import Role
from inventory.levels import is_full
from inventory.model.ssh import Administrator

ADMINISTRATOR = "root"
AUDITOR = "bastide-audit"
BACKUP = "bastide-backup"
DRILL = "bastide-drill"
PULL = "bastide-pull"
WITNESS = "bastide-witness"


@dataclass(frozen=True, slots=True)
class Login:
    """An account that may log in, and whether a person behind it may become root.

    `keys` are names below the state's folder `ssh`, `lines` the public keys themselves.
    """

    account: str
    keys: tuple[str, ...]
    lines: tuple[str, ...] = ()
    may_become_root: bool = False


def logins(entry: InventoryHost, day: date | None = None) -> tuple[Login, ...]:
    """Return the accounts that may log in to a host on a day (default: today), root's first."""
    everywhere = (
        Login(ADMINISTRATOR, ("admin",)),
        Login(AUDITOR, ("audit",)),
        *_people(entry, day or datetime.now(UTC).date()),
    )
    if Role.VAULT not in entry.host.roles:
        return everywhere
    copies = Login(BACKUP, _clients(entry)), Login(DRILL, _scratches(entry))
    pulled = tuple(f"backup/{vault}-pull" for vault in pulled_by(entry))
    given = (Login(PULL, pulled),) if pulled else ()
    shown = (Login(WITNESS, ("witness",)),) if is_witness(entry) else ()
    return (*everywhere, *copies, *given, *shown)


def is_witness(entry: InventoryHost) -> bool:
    """Return whether a host is the vault that audits are shown to."""
    return entry.name == entry.tenant.estate.witness


def administrators(entry: InventoryHost, day: date | None = None) -> tuple[Administrator, ...]:
    """Return who may log in and become root on a day (default: today): the estate's, the tenant's.

    Of two with one login the tenant's counts.
    """
    today = day or datetime.now(UTC).date()
    declared = (*entry.tenant.estate.administrators, *entry.tenant.content.administrators)
    by_login = {who.login: who for who in declared if who.until is None or today <= who.until}
    return tuple(by_login.values())


def _people(entry: InventoryHost, day: date) -> Iterator[Login]:
    """Yield the administrators' accounts, and the one that Bastide itself logs in with."""
    way = ssh(entry)
    people = {who.login: who.keys for who in administrators(entry, day)}
    own = way.user if way.user and way.user != ADMINISTRATOR else None
    for account in dict.fromkeys((*([own] if own else []), *people)):
        keys = ("admin",) if account == own and way.key is None else ()
        yield Login(account, keys, people.get(account, ()), may_become_root=True)


def _clients(vault: InventoryHost) -> tuple[str, ...]:
    """Return the keys of clients: they add to what they send, and read what is pulled."""
    kept = copies_kept_on(vault)
    return tuple(f"backup/{copy.client.name}-{copy.plan.id}" for copy in kept)


def _scratches(vault: InventoryHost) -> tuple[str, ...]:
    return tuple(
        f"backup/{other.name}-drill"
        for other in hosts(vault.tenant.estate)
        if Role.SCRATCH in other.host.roles and is_full(other)
    )
