"""Which host of a site looks at which: each has one that sees it as whoever got in there would."""

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass

from inventory.entries import InventoryHost
from inventory.enums import Level
from inventory.levels import at_least, is_managed
from inventory.open_ports import OpenPort, open_ports


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A host as another one of its site should see it: its addresses there, and what it serves."""

    host: str
    addresses: tuple[str, ...]
    ports: tuple[OpenPort, ...]


def neighbours(looker: InventoryHost) -> tuple[Neighbour, ...]:
    """Return the hosts that an audit has `looker` look at.

    A host that is audited is looked at by the next one of its site, in the inventory's order, on
    which Bastide may keep a program; one that stands alone by nobody.
    """
    return tuple(
        Neighbour(entry.name, tuple(_addresses(entry)), open_ports(entry))
        for entry in _of_site(looker)
        if at_least(entry, Level.AUDIT) and _looker(entry) == looker.name
    )


def _looker(entry: InventoryHost) -> str:
    """Return the name of who looks at a host; empty: nobody."""
    site = list(_of_site(entry))
    own = next(i for i, each in enumerate(site) if each.name == entry.name)
    others = (*site[own + 1 :], *site[:own])
    return next((each.name for each in others if is_managed(each)), "")


def _of_site(entry: InventoryHost) -> Iterator[InventoryHost]:
    for host in entry.tenant.content.hosts:
        if host.site == entry.host.site:
            yield InventoryHost(entry.tenant, host)


def _addresses(entry: InventoryHost) -> Iterator[str]:
    """Yield the addresses that a neighbour reaches without a router."""
    for address in map(str, entry.host.addresses):
        known = ipaddress.ip_address(address)
        if entry.site.holds(known) and not known.is_link_local:
            yield address
