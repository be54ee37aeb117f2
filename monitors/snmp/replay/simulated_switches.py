"""Simulated 48-port switches by the thousand, for benchmarks: SNMPv2-MIB's system and IF-MIB.

All share the tables of one; only names and uptimes are their own, so that a switch costs little
memory and an answer little CPU.
"""

import time
from collections.abc import Callable, Iterator
from functools import cache
from ipaddress import IPv4Address

from monitors.snmp import oid
from monitors.snmp.client import WireBinding
from monitors.snmp.replay.agent import Access, Agent
from monitors.snmp.replay.objects import SYSTEM_UPTIME, Recorded, Replaced, encoded, number
from monitors.snmp.replay.server import Endpoint
from monitors.snmp.wire import ber, values

PORTS = 48
GIGABIT = 1_000_000_000
# The enterprise number for examples (RFC 5612).
_MODEL = oid.encode("1.3.6.1.4.1.32473.1.48")
_SYSTEM, _IF_TABLE, _IF_X_TABLE = "1.3.6.1.2.1.1", "1.3.6.1.2.1.2.2.1", "1.3.6.1.2.1.31.1.1.1"
_NAME = oid.encode(f"{_SYSTEM}.5.0")
# The address of the first switch in 127.0.0.0/8, when each has its own.
_FIRST = int(IPv4Address("127.20.0.1"))

Row = dict[int, tuple[int, bytes]]


def fleet(
    count: int,
    access: Access,
    *,
    ports: int = PORTS,
    address: str | None = None,
    first_port: int = 20_000,
) -> list[tuple[Endpoint, Agent]]:
    """``count`` switches named ``switch-0001`` and so on, for ``server.serving``.

    With an ``address`` they have ports from ``first_port`` on; without, each has an address of its
    own from 127.20.0.1 on and all have ``first_port``.
    """
    return [
        (_endpoint(at, address, first_port), switch(f"switch-{at + 1:04}", access, ports))
        for at in range(count)
    ]


def _endpoint(at: int, address: str | None, first_port: int) -> Endpoint:
    if address is not None:
        return Endpoint(address, first_port + at)
    return Endpoint(str(IPv4Address(_FIRST + at)), first_port)


def switch(
    name: str, access: Access, ports: int = PORTS, clock: Callable[[], float] = time.monotonic
) -> Agent:
    """One switch with ``ports`` gigabit ports, all up."""
    started = clock()
    named = encoded(WireBinding(_NAME, ber.OCTETS, name.encode()))
    objects = Replaced(
        _shared(ports),
        {
            _NAME: lambda: named,
            SYSTEM_UPTIME: lambda: number(
                SYSTEM_UPTIME, values.TIME_TICKS, int(100 * (clock() - started)) % 2**32
            ),
        },
    )
    return Agent(objects, access, name, clock=clock)


@cache
def _shared(ports: int) -> Recorded:
    return Recorded(entries(ports))


def entries(ports: int = PORTS) -> Iterator[WireBinding]:
    """A switch's instances; counters differ from port to port."""
    system: Row = {
        1: (ber.OCTETS, b"Simulated switch"),
        2: (ber.OID, _MODEL),
        3: (values.TIME_TICKS, b"\0"),
        4: (ber.OCTETS, b"operations@example.org"),
        5: (ber.OCTETS, b"switch"),
        6: (ber.OCTETS, b"town hall, cellar"),
        7: (ber.INTEGER, b"\x02"),
    }
    for column, (tag, content) in system.items():
        yield WireBinding(oid.encode(f"{_SYSTEM}.{column}.0"), tag, content)
    yield WireBinding(oid.encode("1.3.6.1.2.1.2.1.0"), ber.INTEGER, ber.integer_content(ports))
    for port in range(1, ports + 1):
        for table, row in ((_IF_TABLE, _interface(port)), (_IF_X_TABLE, _extension(port))):
            for column, (tag, content) in row.items():
                yield WireBinding(oid.encode(f"{table}.{column}.{port}"), tag, content)


def _interface(port: int) -> Row:
    """A row of ifTable (RFC 2863)."""
    return {
        1: (ber.INTEGER, ber.integer_content(port)),
        2: (ber.OCTETS, f"GigabitEthernet0/{port}".encode()),
        3: (ber.INTEGER, ber.integer_content(6)),
        4: (ber.INTEGER, ber.integer_content(1500)),
        5: (values.GAUGE32, ber.integer_content(GIGABIT)),
        6: (ber.OCTETS, bytes((0, 0, 0x5E, 0, 0x53, port % 256))),
        7: (ber.INTEGER, ber.integer_content(1)),
        8: (ber.INTEGER, ber.integer_content(1)),
        9: (values.TIME_TICKS, ber.integer_content(4711)),
        **{column: (values.COUNTER32, _count(port, column, 2**32)) for column in range(10, 13)},
        **{column: (values.COUNTER32, ber.integer_content(port % 7)) for column in (13, 14, 15)},
        **{column: (values.COUNTER32, _count(port, column, 2**32)) for column in (16, 17, 18)},
        **{column: (values.COUNTER32, ber.integer_content(port % 5)) for column in (19, 20)},
        21: (values.GAUGE32, ber.integer_content(0)),
        22: (ber.OID, b"\0"),
    }


def _extension(port: int) -> Row:
    """A row of ifXTable (RFC 2863)."""
    return {
        1: (ber.OCTETS, f"Gi0/{port}".encode()),
        **{column: (values.COUNTER32, _count(port, column, 2**32)) for column in range(2, 6)},
        **{column: (values.COUNTER64, _count(port, column, 2**48)) for column in range(6, 14)},
        14: (ber.INTEGER, ber.integer_content(1)),
        15: (values.GAUGE32, ber.integer_content(1000)),
        16: (ber.INTEGER, ber.integer_content(2)),
        17: (ber.INTEGER, ber.integer_content(1)),
        18: (ber.OCTETS, f"desk {port}".encode()),
        19: (values.TIME_TICKS, ber.integer_content(0)),
    }


def _count(port: int, column: int, modulus: int) -> bytes:
    """A count that looks used: as long on the wire as most are after some months."""
    return ber.integer_content((port * 2_654_435_761 + column * 40_503) ** 2 % modulus)
