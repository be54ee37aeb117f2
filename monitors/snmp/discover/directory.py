"""The inventory's hosts and devices, and by what a neighbour is recognised as one of them."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from inventory.entries import devices, hosts
from inventory.model.estate import Estate
from monitors.snmp.discover.observed import Neighbour, ObservedDevice, canonical

_MAC = re.compile(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}")


@dataclass(frozen=True, slots=True)
class DirectoryEntry:
    """A host or device of the inventory: names in lower case, addresses in their one spelling."""

    name: str
    municipality: str
    own_id: str
    site: str
    names: frozenset[str]
    addresses: frozenset[str]


@dataclass(frozen=True, slots=True)
class Directory:
    """The estate's names, addresses and, as far as devices were asked, what they call themselves.

    `by_chassis` and `by_system` were learned from the devices' own answers.
    """

    entries: Mapping[str, DirectoryEntry]
    by_name: Mapping[str, str]
    by_address: Mapping[str, str]
    by_chassis: Mapping[str, str] = field(default_factory=dict)
    by_system: Mapping[str, str] = field(default_factory=dict)

    def identify(self, neighbour: Neighbour, near: str) -> str | None:
        """Return the full name of a neighbour of something in the municipality `near`, or None.

        Hardware first, then what the inventory calls it, then its addresses, then what the
        devices call themselves.
        """
        system = neighbour.system.casefold()
        ways = (
            self.by_chassis.get(neighbour.chassis.casefold()),
            self.by_name.get(system),
            self.by_name.get(f"{near}-{system}") if system else None,
            *(self.by_address.get(address) for address in neighbour.addresses),
            self.by_address.get(canonical(neighbour.chassis)),
            self.by_system.get(system),
        )
        return next((name for name in ways if name), None)


def directory(estate: Estate, polled: Mapping[str, ObservedDevice] | None = None) -> Directory:
    """Return the directory of an estate; `polled`: its devices as observed, by full name."""
    entries = {entry.name: entry for entry in _everyone(estate)}
    observed = polled or {}
    return Directory(
        entries,
        _unique((word, e.name) for e in entries.values() for word in e.names),
        _unique((address, e.name) for e in entries.values() for address in e.addresses),
        _unique((c, name) for name, s in observed.items() for c in _hardware(s)),
        _unique((s.system.casefold(), name) for name, s in observed.items() if s.system),
    )


def names_of(tenant: str, own_id: str, domain: str) -> frozenset[str]:
    """Return the names that mean one host or device wherever they are said."""
    return frozenset({f"{tenant}-{own_id}", f"{own_id}.{tenant}.{domain}", f"{own_id}.{tenant}"})


def _everyone(estate: Estate) -> Iterator[DirectoryEntry]:
    for h in hosts(estate):
        uplink = [str(h.host.uplink)] if h.host.uplink else []
        yield DirectoryEntry(
            h.name,
            h.tenant.id,
            h.host.id,
            h.host.site,
            names_of(h.tenant.id, h.host.id, estate.domain),
            frozenset([*map(str, h.host.addresses), *uplink]),
        )
    for d in devices(estate):
        yield DirectoryEntry(
            d.name,
            d.tenant.id,
            d.device.id,
            d.device.site,
            names_of(d.tenant.id, d.device.id, estate.domain),
            frozenset([str(d.device.address)]),
        )


def _hardware(device: ObservedDevice) -> Iterator[str]:
    own = {device.chassis.casefold(), *(port.hardware.casefold() for port in device.ports)}
    return (word for word in own if _MAC.fullmatch(word) and word != "00:00:00:00:00:00")


def _unique(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """What two of them share tells neither apart: a factory's name, a virtual address."""
    each = set(pairs)
    shared = Counter(word for word, _ in each)
    return {word: name for word, name in each if shared[word] == 1}
