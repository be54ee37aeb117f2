"""The inventory against what its devices say over SNMP: who stands where, and who should."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from ipaddress import ip_address
from typing import Any

from inventory.entries import InventoryDevice, devices
from inventory.model.devices import PortIntent
from inventory.model.estate import Estate
from monitors.snmp.discover.directory import Directory, directory, names_of
from monitors.snmp.discover.observed import Neighbour, ObservedDevice, find_port


class Verdict(StrEnum):
    """What a neighbour seen over LLDP is to the inventory."""

    RIGHT = "right"
    OTHER_ADDRESS = "other_address"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class ObservedNeighbour:
    """A neighbour that a device saw; `name` is its full name, None when nobody knows it."""

    device: str
    port: str
    verdict: Verdict
    name: str | None
    neighbour: Neighbour
    expected_addresses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MissingNeighbour:
    """A neighbour that the inventory names for a port, and that is not seen there.

    `instead`: who is; `elsewhere`: the device's ports on which the named one is seen.
    """

    device: str
    port: str
    neighbour: str
    port_exists: bool
    instead: tuple[str, ...] = ()
    elsewhere: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NameMismatch:
    """A device whose sysName is not its name: perhaps another device has its address."""

    device: str
    says: str


@dataclass(frozen=True, slots=True)
class Discovery:
    """How devices differ from the inventory; `mute` are those that say nothing over LLDP."""

    estate: Estate
    met: tuple[ObservedNeighbour, ...]
    not_seen: tuple[MissingNeighbour, ...]
    other_names: tuple[NameMismatch, ...]
    mute: tuple[str, ...]
    unanswered: tuple[str, ...]

    @property
    def differs(self) -> bool:
        """Whether anything is not as the inventory says."""
        strange = any(met.verdict is not Verdict.RIGHT for met in self.met)
        return bool(strange or self.not_seen or self.other_names)

    def as_json(self) -> dict[str, Any]:
        """Return plain JSON values."""
        lists = ("met", "not_seen", "other_names")
        return {
            **{name: [asdict(each) for each in getattr(self, name)] for name in lists},
            "mute": list(self.mute),
            "unanswered": list(self.unanswered),
        }


def discover(estate: Estate, polled: Mapping[str, ObservedDevice]) -> Discovery:
    """Compare; `polled` holds what was observed of each device that answered, by full name."""
    registered = directory(estate, polled)
    answered = [entry for entry in devices(estate) if entry.name in polled]
    return Discovery(
        estate,
        tuple(met for p in answered for met in _met(p, polled[p.name], registered)),
        tuple(missing for p in answered for missing in _not_seen(p, polled[p.name], registered)),
        tuple(other for p in answered for other in _other_name(p, polled[p.name])),
        tuple(p.name for p in answered if polled[p.name].neighbours is None),
        tuple(p.name for p in devices(estate) if p.name not in polled),
    )


def _met(
    entry: InventoryDevice, observed: ObservedDevice, registered: Directory
) -> Iterator[ObservedNeighbour]:
    for neighbour in observed.neighbours or ():
        name = registered.identify(neighbour, entry.tenant.id)
        if name is None:
            yield ObservedNeighbour(entry.name, neighbour.port, Verdict.UNKNOWN, None, neighbour)
            continue
        own = registered.entries[name].addresses
        verdict = Verdict.OTHER_ADDRESS if _at_other_address(neighbour, own) else Verdict.RIGHT
        expected = tuple(sorted(own)) if verdict is Verdict.OTHER_ADDRESS else ()
        yield ObservedNeighbour(entry.name, neighbour.port, verdict, name, neighbour, expected)


def _at_other_address(neighbour: Neighbour, own: frozenset[str]) -> bool:
    """Whether it tells addresses of the inventory's kind (IPv4, IPv6), and none of them is its."""
    versions = {ip_address(address).version for address in own}
    claimed = {a for a in neighbour.addresses if ip_address(a).version in versions}
    return bool(claimed) and not claimed & own


def _not_seen(
    entry: InventoryDevice, observed: ObservedDevice, registered: Directory
) -> Iterator[MissingNeighbour]:
    if observed.neighbours is None:
        return
    near = entry.tenant.id
    by_port: dict[str, list[str]] = {}
    for neighbour in observed.neighbours:
        name = registered.identify(neighbour, near) or neighbour.system or neighbour.chassis
        by_port.setdefault(neighbour.index, []).append(name)
    for intent in entry.device.intent:
        if intent.neighbour is None:
            continue
        ports = find_port(intent.port, observed.ports)
        here = by_port.get(ports[0].index, []) if len(ports) == 1 else []
        if intent.neighbour not in here:
            elsewhere = [
                p.name for p in observed.ports if intent.neighbour in by_port.get(p.index, [])
            ]
            yield _missing(entry.name, intent, len(ports) == 1, here, elsewhere)


def _missing(
    device: str, intent: PortIntent, exists: bool, here: list[str], elsewhere: list[str]
) -> MissingNeighbour:
    wanted = intent.neighbour or ""
    return MissingNeighbour(device, intent.port, wanted, exists, tuple(here), tuple(elsewhere))


def _other_name(entry: InventoryDevice, observed: ObservedDevice) -> Iterator[NameMismatch]:
    expected = names_of(entry.tenant.id, entry.device.id, entry.tenant.estate.domain)
    says = observed.system.casefold()
    if says and says not in {*expected, entry.device.id}:
        yield NameMismatch(entry.name, observed.system)
