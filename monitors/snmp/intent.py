"""What the inventory wants of a device's ports, joined with the rows that the device answered.

The families say what is wanted where (`bastide_intent_…`); the rules compare it with what is. They
change only when names or neighbours do, so they need computing no more often than these are read.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from inventory.entries import devices
from inventory.model import Estate, PortIntent
from monitors.metrics import Family, Sample
from monitors.snmp.discover.directory import Directory, directory
from monitors.snmp.discover.observed import ObservedDevice, Port, find_port


@dataclass(frozen=True, slots=True)
class Intent:
    """The ports that matter of one device, and how their neighbours are recognised."""

    municipality: str
    ports: tuple[PortIntent, ...]
    directory: Directory


@dataclass(frozen=True, slots=True)
class _Found:
    intent: PortIntent
    port: Port

    @property
    def labels(self) -> dict[str, str]:
        return {"ifIndex": self.port.index, "ifName": self.port.name, "port": self.intent.port}


def intents(estate: Estate) -> Mapping[str, Intent]:
    """Return the intent of every device that has one, by full name."""
    known = directory(estate)
    return {
        entry.name: Intent(entry.tenant.id, entry.device.intent, known)
        for entry in devices(estate)
        if entry.device.intent
    }


def unknown_profiles(estate: Estate, known: Iterable[str]) -> tuple[str, ...]:
    """Return one line for each SNMP profile that a device names and that does not exist."""
    names = frozenset(known)
    return tuple(
        f"{entry.name}: there is no SNMP profile {name!r}; `bastide snmp profiles` lists them"
        for entry in devices(estate)
        for name in (*entry.device.profiles, *entry.device.more_profiles)
        if name not in names
    )


def intent_families(intent: Intent, seen: ObservedDevice) -> tuple[Family, ...]:
    """Return what is wanted of the ports that were found, and which were not.

    Only of a device that told all its interfaces a port can be missing. A port whose name fits
    several interfaces is missing as well.
    """
    if not seen.ports:
        return ()
    found = tuple(_find(intent.ports, seen.ports))
    there = {each.intent.port for each in found}
    missing = tuple(
        Sample({"port": wanted.port}, int(wanted.port not in there))
        for wanted in intent.ports
        if seen.complete or wanted.port in there
    )
    families = (
        _family(
            "port_missing", "Whether the device has no such port, 1 when it has none.", missing
        ),
        _family("port_up", "A port that the inventory wants up, always 1.", _up(found)),
        _family(
            "port_speed_bits_per_second",
            "The speed that the inventory wants of a port.",
            _values(found, lambda port: (port.speed_mbps or 0) * 10**6),
        ),
        _family(
            "port_vlan",
            "The untagged VLAN that the inventory wants on a port.",
            _values(found, lambda port: port.vlan or 0),
        ),
        _family(
            "neighbour_matches",
            "Whether the neighbour that the inventory names is seen on the port over LLDP.",
            _matches(found, intent, seen),
        ),
    )
    return tuple(family for family in families if family.samples)


def _family(name: str, text: str, samples: Iterable[Sample]) -> Family:
    return Family(f"bastide_intent_{name}", text, "gauge", tuple(samples))


def _find(wanted: Sequence[PortIntent], ports: Sequence[Port]) -> Iterator[_Found]:
    for intent in wanted:
        if len(found := find_port(intent.port, ports)) == 1:
            yield _Found(intent, found[0])


def _up(found: Sequence[_Found]) -> Iterator[Sample]:
    for each in found:
        if each.intent.up:
            yield Sample({**each.labels, "uplink": "yes" if each.intent.uplink else "no"}, 1)


def _values(found: Sequence[_Found], wanted: Callable[[PortIntent], int]) -> Iterator[Sample]:
    for each in found:
        if value := wanted(each.intent):
            yield Sample(each.labels, value)


def _matches(found: Sequence[_Found], intent: Intent, seen: ObservedDevice) -> Iterator[Sample]:
    for each in found:
        neighbour = each.intent.neighbour
        if neighbour is None or seen.neighbours is None:
            continue
        here = [other for other in seen.neighbours if other.index == each.port.index]
        met = {intent.directory.who(other, intent.municipality) for other in here}
        yield Sample({**each.labels, "neighbour": neighbour}, int(neighbour in met))
