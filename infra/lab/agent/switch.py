"""A simulated Ethernet switch: IF-MIB (RFC 2863) with counters that move as traffic does."""

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from infra.lab.agent import lldp, system, vlans
from infra.lab.agent.config import AgentConfig
from infra.lab.agent.objects import Moment, Objects, Oid, Reader, Syntax, fixed, moving

INTERFACES: Oid = (1, 3, 6, 1, 2, 1, 2)
IF_ENTRY: Oid = (*INTERFACES, 2, 1)
IF_X_ENTRY: Oid = (1, 3, 6, 1, 2, 1, 31, 1, 1, 1)
IF_TABLE_LAST_CHANGE: Oid = (1, 3, 6, 1, 2, 1, 31, 1, 5, 0)

UP, DOWN = 1, 2
ETHERNET_CSMACD = 6
SWITCH_SERVICES = 2  # sysServices: layer 2
UPLINKS = 2
SHARE_CABLED = 0.6
DAY = 86400.0


@dataclass(frozen=True, slots=True)
class Port:
    """One port's nature. Rates are octets a second, packet sizes octets."""

    index: int
    speed_mbps: int
    cabled: bool
    in_rate: float
    out_rate: float
    packet_size: float
    errors_per_packet: float
    name: str
    alias: str

    def up(self, moment: Moment) -> bool:
        """Whether the port has link: cabled, and nobody has pulled the cable."""
        return self.cabled and self.index not in moment.ports_down


def ports(name: str, count: int) -> tuple[Port, ...]:
    """The ports of a switch: the same for the same name, the last two are uplinks."""
    return tuple(_port(name, index, count) for index in range(1, count + 1))


def _port(name: str, index: int, count: int) -> Port:
    seeded = random.Random(f"{name}/{index}")  # noqa: S311 - traffic, not a secret
    uplink = index > count - UPLINKS
    rate = seeded.lognormvariate(9.5, 1.5) * (40 if uplink else 1)
    speed = 10_000 if uplink else 1000
    ceiling = speed * 1e6 / 8 / 3
    return Port(
        index=index,
        speed_mbps=speed,
        cabled=uplink or seeded.random() < SHARE_CABLED,
        in_rate=min(rate, ceiling),
        out_rate=min(rate * seeded.uniform(1.5, 6), ceiling),
        packet_size=seeded.uniform(300, 900),
        errors_per_packet=seeded.choice((0, 0, 0, 1e-7)),
        name=f"{'te' if uplink else 'gi'}1/0/{index}",
        alias="uplink" if uplink else "",
    )


def objects(config: AgentConfig) -> Objects:
    """Everything that the switch answers."""
    description = f"Simulated {config.ports}-port switch"
    table = system.objects(config, description, (1, config.ports), SWITCH_SERVICES)
    table[(*INTERFACES, 1, 0)] = fixed("Integer32", config.ports)
    table[IF_TABLE_LAST_CHANGE] = fixed("TimeTicks", 0)
    own = ports(config.name, config.ports)
    if config.links:
        table.update(_linked(config, description, own))
    for port in own:
        for column, reader in _if_table(port).items():
            table[(*IF_ENTRY, column, port.index)] = reader
        for column, reader in _if_x_table(port).items():
            table[(*IF_X_ENTRY, column, port.index)] = reader
    return table


def _linked(config: AgentConfig, description: str, own: Sequence[Port]) -> Objects:
    """What a switch with known cables answers besides; links of ports that it lacks are nothing."""
    by_name = {name: port for port in own for name in (str(port.index), port.name)}
    linked = [
        lldp.LinkedPort(by_name[link.port].index, by_name[link.port].name, link)
        for link in config.links
        if link.port in by_name
    ]
    pvids = {port.index: vlans.DEFAULT_VLAN for port in own}
    pvids |= {port.number: port.link.vlan for port in linked}
    return {**lldp.objects(config.name, description, linked), **vlans.objects(pvids)}


def _carried(port: Port, rate: float) -> Callable[[Moment], float]:
    """The integral of a rate that swings by half over a day: never falls, except at restart."""

    def total(moment: Moment) -> float:
        if not port.cabled:
            return 0.0
        seconds = moment.link_seconds(port.index)
        swing = DAY / (4 * math.pi) * (1 - math.cos(2 * math.pi * seconds / DAY))
        return rate * (seconds + swing)

    return total


def _status(port: Port) -> Reader:
    return moving("Integer32", lambda moment: UP if port.up(moment) else DOWN)


def _last_change(port: Port) -> Reader:
    return moving("TimeTicks", lambda moment: moment.ports_down.get(port.index, 0.0) * 100)


def _counters(syntax: Syntax, port: Port) -> dict[str, Reader]:
    """The port's counters by their name in either table."""
    packets_in = _carried(port, port.in_rate / port.packet_size)
    packets_out = _carried(port, port.out_rate / port.packet_size)
    return {
        "in_octets": moving(syntax, _carried(port, port.in_rate)),
        "in_ucast": moving(syntax, packets_in),
        "in_multicast": moving(syntax, lambda m: packets_in(m) / 100),
        "in_broadcast": moving(syntax, lambda m: packets_in(m) / 200),
        "in_errors": moving(syntax, lambda m: packets_in(m) * port.errors_per_packet),
        "out_octets": moving(syntax, _carried(port, port.out_rate)),
        "out_ucast": moving(syntax, packets_out),
        "out_multicast": moving(syntax, lambda m: packets_out(m) / 50),
        "out_broadcast": moving(syntax, lambda m: packets_out(m) / 100),
    }


def _if_table(port: Port) -> dict[int, Reader]:
    count = _counters("Counter32", port)
    none = fixed("Counter32", 0)
    return {
        1: fixed("Integer32", port.index),
        2: fixed("OctetString", f"Port {port.index}"),
        3: fixed("Integer32", ETHERNET_CSMACD),
        4: fixed("Integer32", 1500),
        5: fixed("Gauge32", min(port.speed_mbps * 10**6, 2**32 - 1)),
        6: fixed("OctetString", bytes((2, 0, 0, 0, port.index >> 8, port.index & 255))),
        7: fixed("Integer32", UP),
        8: _status(port),
        9: _last_change(port),
        10: count["in_octets"],
        11: count["in_ucast"],
        13: none,
        14: count["in_errors"],
        15: none,
        16: count["out_octets"],
        17: count["out_ucast"],
        19: none,
        20: none,
    }


def _if_x_table(port: Port) -> dict[int, Reader]:
    low, high = _counters("Counter32", port), _counters("Counter64", port)
    return {
        1: fixed("OctetString", port.name),
        2: low["in_multicast"],
        3: low["in_broadcast"],
        4: low["out_multicast"],
        5: low["out_broadcast"],
        6: high["in_octets"],
        7: high["in_ucast"],
        8: high["in_multicast"],
        9: high["in_broadcast"],
        10: high["out_octets"],
        11: high["out_ucast"],
        12: high["out_multicast"],
        13: high["out_broadcast"],
        14: fixed("Integer32", 1),
        15: fixed("Gauge32", port.speed_mbps),
        16: fixed("Integer32", 2),
        17: fixed("Integer32", 1),
        18: fixed("OctetString", port.alias),
        19: fixed("TimeTicks", 0),
    }
