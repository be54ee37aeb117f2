"""What one device showed of itself, its ports and its neighbours, out of a poll's families.

All text comes from the network, most of it from whatever was plugged in: what does not print
is escaped here, once, so that it can go to terminals, files and logs.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address

from monitors.snmp.metric_families import Family
from monitors.text import escaped_line

LONGEST_TEXT = 255
MOST_NEIGHBOURS = 4096

DEVICE = "bastide_snmp_device_info"
INTERFACE = "bastide_snmp_interface_info"
STATUS = "ifOperStatus"
PORT_VLAN = "bastide_snmp_port_vlan"
LOCAL = "bastide_snmp_lldp_local_info"
NEIGHBOUR = "bastide_snmp_lldp_neighbour_info"
ADDRESS = "bastide_snmp_lldp_neighbour_address_info"
LLDP_TABLE = ("lldp", "lldpRemTable")
_INTERFACE_TABLES = frozenset({("interfaces", "ifDescriptions"), ("interfaces", "ifXTable")})
_LLDP = frozenset({LOCAL, NEIGHBOUR, ADDRESS})
_READ = frozenset({DEVICE, INTERFACE, STATUS, PORT_VLAN}) | _LLDP
# The profiles that give these; more do no harm.
PROFILES = ("system", "interfaces", "q_bridge", "lldp")

Labels = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Port:
    """An interface as the device names it; `number` is the bridge's own of the port, or empty."""

    index: str
    name: str
    descr: str
    alias: str = ""
    hardware: str = ""
    number: str = ""


@dataclass(frozen=True, slots=True)
class Neighbour:
    """What says over LLDP that it stands at the other end; nothing of it is proved.

    `index` and `port` are the interface here, empty where the device does not tell it; `chassis`
    and `far_port` are the neighbour's ids, `addresses` where it says that it is managed.
    """

    index: str
    port: str
    chassis: str = ""
    far_port: str = ""
    far_port_description: str = ""
    system: str = ""
    description: str = ""
    capabilities: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ObservedDevice:
    """A device as it shows itself.

    `complete`: all its interfaces are among `ports`; `neighbours` is None where it says nothing
    over LLDP, or not all was read.
    """

    system: str = ""
    description: str = ""
    chassis: str = ""
    ports: tuple[Port, ...] = ()
    complete: bool = True
    neighbours: tuple[Neighbour, ...] | None = None


def observe(
    families: Iterable[Family], read: Collection[tuple[str, str]] | None = None
) -> ObservedDevice:
    """Read a poll's families: device, interface, VLAN and LLDP ones; others are passed over.

    `read`: profile and table of everything that was read to its end; default: all was.
    """
    kept: dict[str, list[Labels]] = {}
    for family in families:
        if family.name in _READ:
            kept.setdefault(family.name, []).extend(labels for labels, _ in family.samples)
    device = next(iter(kept.get(DEVICE, ())), {})
    local = next(iter(kept.get(LOCAL, ())), {})
    # An agent that knows nothing of LLDP answers an empty table as well.
    speaks = any(kept.get(name) for name in _LLDP) and (read is None or LLDP_TABLE in read)
    return ObservedDevice(
        system=_text(device, "name"),
        description=_text(device, "description"),
        chassis=_text(local, "chassis"),
        ports=tuple(_ports(kept)),
        complete=read is None or not _INTERFACE_TABLES.isdisjoint(read),
        neighbours=tuple(_neighbours(kept)) if speaks else None,
    )


def find_port(wanted: str, ports: Sequence[Port]) -> tuple[Port, ...]:
    """Return the ports that an inventory's name stands for: one, none, or several alike.

    First ifName, then ifDescr, then both in any case; then, for a number, the bridge's port of
    that number, and the ifIndex.
    """
    plain = wanted.strip()
    folded = plain.casefold()
    ways = (
        [p for p in ports if p.name == plain],
        [p for p in ports if p.descr == plain],
        [p for p in ports if p.name.strip().casefold() == folded],
        [p for p in ports if p.descr.strip().casefold() == folded],
        [p for p in ports if p.number == plain] if plain.isdecimal() else [],
        [p for p in ports if p.index == plain] if plain.isdecimal() else [],
    )
    return tuple(next((match for match in ways if match), ()))


def canonical(address: str) -> str:
    """Return an IP address in its one spelling, or nothing for what is none or only of a link."""
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return ""
    local = parsed.is_link_local or parsed.is_loopback or parsed.is_unspecified
    return "" if local or parsed.is_multicast else str(parsed)


def _text(labels: Labels, key: str) -> str:
    return escaped_line(labels.get(key, "").strip()[:LONGEST_TEXT])


def _ports(kept: Mapping[str, Sequence[Labels]]) -> Iterator[Port]:
    numbers = {_text(r, "ifIndex"): _text(r, "dot1dBasePort") for r in kept.get(PORT_VLAN, ())}
    rows: dict[str, Labels] = {}
    for row in (*kept.get(INTERFACE, ()), *kept.get(STATUS, ())):
        rows.setdefault(_text(row, "ifIndex"), row)
    for index, row in rows.items():
        if index:
            yield Port(
                index,
                _text(row, "ifName"),
                _text(row, "ifDescr"),
                _text(row, "ifAlias"),
                _text(row, "ifPhysAddress"),
                numbers.get(index, ""),
            )


def _neighbours(kept: Mapping[str, Sequence[Labels]]) -> Iterator[Neighbour]:
    addresses: dict[tuple[str, str], list[str]] = {}
    for row in kept.get(ADDRESS, ())[:MOST_NEIGHBOURS]:
        if address := canonical(row.get("address", "")):
            addresses.setdefault(_row_key(row), []).append(address)
    for row in kept.get(NEIGHBOUR, ())[:MOST_NEIGHBOURS]:
        capabilities = _text(row, "capabilities").split(",")
        yield Neighbour(
            index=_text(row, "ifIndex"),
            port=_text(row, "ifName") or _text(row, "local_port") or _text(row, "lldpLocalPort"),
            chassis=_text(row, "chassis"),
            far_port=_text(row, "port"),
            far_port_description=_text(row, "port_description"),
            system=_text(row, "system"),
            description=_text(row, "description"),
            capabilities=tuple(word for word in capabilities if word),
            addresses=tuple(sorted(set(addresses.get(_row_key(row), ())))),
        )


def _row_key(row: Labels) -> tuple[str, str]:
    return row.get("lldpLocalPort", ""), row.get("lldpRemIndex", "")
