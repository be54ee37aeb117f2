"""What the inventory wants of a device's ports, joined with the rows that the device answered.

The families say what is wanted where (`bastide_intent_…`); the rules compare it with what is. They
change only when names or neighbours do, so they need computing no more often than these are read.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from inventory.entries import devices
from inventory.model.devices import PortIntent
from inventory.model.estate import Estate
from monitors.snmp.discover.directory import Directory, directory
from monitors.snmp.discover.observed import ObservedDevice, Port, find_port
from monitors.snmp.metric_families import Family, Sample


@dataclass(frozen=True, slots=True)
class Intent:
    """The ports that matter of one device, and how their neighbours are recognised."""

    municipality: str
    ports: tuple[PortIntent, ...]
    directory: Directory


@dataclass(frozen=True, slots=True)
class _MatchedPort:
    intent: PortIntent
    port: Port

    @property
    def labels(self) -> dict[str, str]:
        return {"ifIndex": self.port.index, "ifName": self.port.name, "port": self.intent.port}


def intents(estate: Estate) -> Mapping[str, Intent]:
    """Return the intent of every device that has one, by full name."""
    registered = directory(estate)
    return {
        entry.name: Intent(entry.tenant.id, entry.device.intent, registered)
        for entry in devices(estate)
        if entry.device.intent
    }


def unknown_profiles(estate: Estate, profiles: Iterable[str]) -> tuple[str, ...]:
    """Return one line for each SNMP profile that a device names and that does not exist."""
    names = frozenset(profiles)
    return tuple(
        f"{entry.name}: there is no SNMP profile {name!r}; `bastide snmp profiles` lists them"
        for entry in devices(estate)
        for name in (*entry.device.profiles, *entry.device.more_profiles)
        if name not in names
    )


def intent_families(intent: Intent, observed: ObservedDevice) -> tuple[Family, ...]:
    """Return what is wanted of the ports that were found, and which were not.

    Only of a device that told all its interfaces a port can be missing. A port whose name fits
    several interfaces is missing as well.
    """
    if not observed.ports:
        return ()
    matched = tuple(_find(intent.ports, observed.ports))
    there = {each.intent.port for each in matched}
    missing = tuple(
        Sample({"port": wanted.port}, int(wanted.port not in there))
        for wanted in intent.ports
        if observed.complete or wanted.port in there
    )
    families = (
        _family(
            "port_missing", "Whether the device has no such port, 1 when it has none.", missing
        ),
        _family("port_up", "A port that the inventory wants up, always 1.", _up(matched)),
        _family(
            "port_speed_bits_per_second",
            "The speed that the inventory wants of a port.",
            _values(matched, lambda port: (port.speed_mbps or 0) * 10**6),
        ),
        _family(
            "port_vlan",
            "The untagged VLAN that the inventory wants on a port.",
            _values(matched, lambda port: port.vlan or 0),
        ),
        _family(
            "neighbour_matches",
            "Whether the neighbour that the inventory names is seen on the port over LLDP.",
            _matches(matched, intent, observed),
        ),
    )
    return tuple(family for family in families if family.samples)


def _family(name: str, text: str, samples: Iterable[Sample]) -> Family:
    return Family(f"bastide_intent_{name}", text, "gauge", tuple(samples))


def _find(wanted: Sequence[PortIntent], ports: Sequence[Port]) -> Iterator[_MatchedPort]:
    for intent in wanted:
        candidates = find_port(intent.port, ports)
        if len(candidates) == 1:
            yield _MatchedPort(intent, candidates[0])


def _up(matched: Sequence[_MatchedPort]) -> Iterator[Sample]:
    for each in matched:
        if each.intent.up:
            yield Sample({**each.labels, "uplink": "yes" if each.intent.uplink else "no"}, 1)


def _values(
    matched: Sequence[_MatchedPort], wanted: Callable[[PortIntent], int]
) -> Iterator[Sample]:
    for each in matched:
        if value := wanted(each.intent):
            yield Sample(each.labels, value)


def _matches(
    matched: Sequence[_MatchedPort], intent: Intent, observed: ObservedDevice
) -> Iterator[Sample]:
    for each in matched:
        neighbour = each.intent.neighbour
        if neighbour is None or observed.neighbours is None:
            continue
        here = [other for other in observed.neighbours if other.index == each.port.index]
        identified = {intent.directory.identify(other, intent.municipality) for other in here}
        yield Sample({**each.labels, "neighbour": neighbour}, int(neighbour in identified))
