"""The host that watches the operations host, and the ports that it asks there."""

from inventory.entries import InventoryHost, hosts
from inventory.model.estate import Estate

OPERATIONS_WATCH = "operations_watch"
"""The Ansible role and group of that host."""
ASKED_PORTS = {9090: "prometheus", 9093: "alertmanager"}


def operations_watch(estate: Estate) -> InventoryHost | None:
    """Return the vault that watches the operations host; None where nobody does."""
    if estate.notify is None or estate.notify.operations_watch is None:
        return None
    name = estate.notify.operations_watch.vault
    return next((entry for entry in hosts(estate) if entry.name == name), None)


def is_operations_watch(entry: InventoryHost) -> bool:
    """Whether a host is the one that watches the operations host."""
    watch = operations_watch(entry.tenant.estate)
    return watch is not None and watch.name == entry.name


def asks_from(watch: InventoryHost) -> tuple[str, ...]:
    """Return the addresses that it may ask from: its own, and its site's edges' outer ones."""
    edges = (e for e in hosts(watch.tenant.estate) if e.tenant.id == watch.tenant.id)
    uplinks = [str(e.host.uplink) for e in edges if e.site.id == watch.site.id and e.host.uplink]
    return (*map(str, watch.host.addresses), *uplinks)
