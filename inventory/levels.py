"""How far each host is managed."""

from collections.abc import Iterator

from inventory.entries import InventoryHost, hosts
from inventory.enums import Level, ProviderName
from inventory.model import Estate

DEFAULTS = {ProviderName.EXISTING: Level.WATCH, ProviderName.LAB: Level.FULL}
"""What is there already is only watched until somebody says otherwise; what Bastide made is its."""
ORDER = tuple(Level)


def level(entry: InventoryHost) -> Level:
    """Return a host's level: its own, its tenant's, the estate's, or its provider's default."""
    tenant = entry.tenant
    declared = entry.host.manage or tenant.content.manage or tenant.estate.manage
    return declared or DEFAULTS[entry.provider]


def at_least(entry: InventoryHost, wanted: Level) -> bool:
    """Return whether a host is managed that far or further."""
    return ORDER.index(level(entry)) >= ORDER.index(wanted)


def hosts_at_least(estate: Estate, wanted: Level) -> Iterator[InventoryHost]:
    """Yield the estate's hosts that are managed that far or further."""
    return (entry for entry in hosts(estate) if at_least(entry, wanted))
