"""How far each host is managed, and which hosts may be changed."""

from collections.abc import Iterator

from inventory.entries import InventoryHost, declared_provider, hosts
from inventory.enums import Level, ProviderName, Role
from inventory.model.estate import Estate, EstateFile
from inventory.model.hosts import Host
from inventory.model.tenants import CENTRAL, TenantFile

DEFAULTS = {
    ProviderName.EXISTING: Level.WATCH,
    ProviderName.LAB: Level.FULL,
    ProviderName.LIBVIRT: Level.FULL,
    ProviderName.PROXMOX: Level.FULL,
}
"""What is there already is only watched until somebody says otherwise; what Bastide made is its."""
ORDER = tuple(Level)
# The Ansible groups of the hosts that are changed, of those that are not, of those that may not be
# changed as the inventory says, and of existing servers that somebody has accepted to have changed.
MANAGED, WATCHED, REFUSED, ACCEPTED = GROUPS = ("managed", "watched", "refused", "accepted")
# Nobody has an operations host, a vault or a scratch machine of Bastide before there is Bastide.
OWN_ROLES = frozenset({Role.OPERATIONS, Role.VAULT, Role.SCRATCH})


def level(entry: InventoryHost) -> Level:
    """Return how far a host is managed."""
    return declared_level(entry.host, entry.tenant.content, entry.tenant.estate)


def declared_level(host: Host, tenant: TenantFile, estate: EstateFile) -> Level:
    """Return what a host's own line says, its tenant's, the estate's, or its provider's default."""
    declared = host.manage or tenant.manage or estate.manage
    return declared or DEFAULTS[declared_provider(host, tenant, estate)]


def reaches(reached: Level, wanted: Level) -> bool:
    """Return whether a level is that high or higher; each holds all before it."""
    return ORDER.index(reached) >= ORDER.index(wanted)


def at_least(entry: InventoryHost, wanted: Level) -> bool:
    """Return whether a host is managed that far or further."""
    return reaches(level(entry), wanted)


def hosts_at_least(estate: Estate, wanted: Level) -> Iterator[InventoryHost]:
    """Yield the estate's hosts that are managed that far or further."""
    return (entry for entry in hosts(estate) if at_least(entry, wanted))


def coverage(estate: Estate) -> str:
    """Return how many hosts are managed, and how many there are at each level, in words."""
    levels = [level(entry) for entry in hosts(estate)]
    managed = sum(reaches(one, Level.BASELINE) for one in levels)
    counts = [f"{levels.count(one)} {one}" for one in reversed(ORDER) if one in levels]
    return f"{managed} of {len(levels)} hosts at baseline or above: {', '.join(counts)}"


def is_managed(entry: InventoryHost) -> bool:
    """Return whether Bastide changes a host: it is at baseline or above, and not refused."""
    return at_least(entry, Level.BASELINE) and not refusal(entry)


def is_only_read(entry: InventoryHost) -> bool:
    """Return whether a host is logged in to and not changed: at audit, or refused more."""
    return at_least(entry, Level.AUDIT) and not is_managed(entry)


def is_full(entry: InventoryHost) -> bool:
    """Return whether a host's services are Bastide's too, and not only its baseline."""
    return level(entry) is Level.FULL and not refusal(entry)


def is_accepted(entry: InventoryHost) -> bool:
    """Return whether a host is an existing server that is changed since somebody accepted that."""
    return _needs_acceptance(entry) and not refusal(entry)


def refusal(entry: InventoryHost) -> str:
    """Return why a host may not be managed as far as the inventory says; nothing when it may.

    An existing server is changed only once somebody has looked at what that would cut off.
    """
    wanted, accepts = level(entry), entry.host.accepts
    if not _needs_acceptance(entry) or (accepts and reaches(Level(accepts.level), wanted)):
        return ""
    acknowledged = f"for {accepts.level} alone" if accepts else "by nobody"
    return (
        f"{entry.name}: manage: {wanted} would change an existing server, and what that would cut "
        f"off is acknowledged {acknowledged}"
        f"\n    expected: manage: watch or audit, which change nothing, or accepts: for {wanted}"
        f"\n    found: manage: {wanted}"
        f"\n    do: write manage: audit at the host, and look at what {wanted} would change: "
        f"bastide host impact {entry.name} --level {wanted}; --accept writes what you accept of it"
    )


def _needs_acceptance(entry: InventoryHost) -> bool:
    """Whether a host is an existing server at a level that changes it, and not only tried out."""
    existing = entry.provider is ProviderName.EXISTING and at_least(entry, Level.BASELINE)
    tried_out = entry.name == entry.tenant.estate.preview
    return existing and not tried_out and not _is_set_up_for_bastide(entry)


def refusals(estate: Estate) -> tuple[str, ...]:
    """Return why each host is refused that may not be managed as far as the inventory says."""
    return tuple(text for entry in hosts(estate) if (text := refusal(entry)))


def _is_set_up_for_bastide(entry: InventoryHost) -> bool:
    """Whether a central host does Bastide's own work and nothing else, and says so itself.

    Its own `manage: full` is the acknowledgement: an inherited one was not meant for it.
    """
    host, roles = entry.host, frozenset(entry.host.roles)
    return (
        entry.tenant.id == CENTRAL
        and host.manage is Level.FULL
        and bool(roles & OWN_ROLES)
        and roles <= OWN_ROLES | {Role.RESOLVER, Role.SNMP_AGENT}
        and not host.listens
    )
