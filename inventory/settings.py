"""What is set for a host: its own settings, its tenant's, the estate's."""

from collections.abc import Mapping

from pydantic import JsonValue

from inventory.entries import InventoryHost
from inventory.model.restart_window import RestartWindow
from inventory.scalars import Server


def settings(entry: InventoryHost) -> Mapping[str, JsonValue]:
    """Return the role options set for a host; of each, the narrowest place counts whole."""
    tenant = entry.tenant
    return {**tenant.estate.settings, **tenant.content.settings, **entry.host.settings}


def timezone(entry: InventoryHost) -> str | None:
    """Return the time zone that a host is to have; None: the one it has."""
    tenant = entry.tenant
    return entry.host.timezone or tenant.content.timezone or tenant.estate.timezone


def time_servers(entry: InventoryHost) -> tuple[Server, ...]:
    """Return the NTP servers outside the estate that a host's site may ask."""
    return entry.tenant.content.time_servers or entry.tenant.estate.time_servers


def forwarders(entry: InventoryHost) -> tuple[str, ...]:
    """Return the addresses of the resolvers that a tenant's own one asks for other names."""
    named = entry.tenant.content.dns or entry.tenant.estate.dns
    return tuple(map(str, named.forwarders)) if named else ()


def restart_window(entry: InventoryHost) -> RestartWindow | None:
    """Return when a host may be restarted for updates; None: never."""
    return entry.tenant.content.maintenance or entry.tenant.estate.maintenance
