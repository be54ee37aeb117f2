"""The managed objects of a simulated device, free of any SNMP library.

A device is a mapping from instance OID to a function that reads the object at a moment.
Types are those of SMIv2 (RFC 2578), named as there.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

Oid = tuple[int, ...]
Syntax = Literal[
    "Integer32",
    "OctetString",
    "ObjectIdentifier",
    "TimeTicks",
    "Gauge32",
    "Counter32",
    "Counter64",
]

COUNTER_MODULUS: dict[str, int] = {"Counter32": 2**32, "Counter64": 2**64, "TimeTicks": 2**32}


class Value(NamedTuple):
    """A typed value; text for octet strings, an integer tuple for object identifiers."""

    syntax: Syntax
    value: int | str | bytes | Oid


@dataclass(frozen=True, slots=True)
class Moment:
    """When an object is read and what a person has done to the device until then.

    ``uptime`` is in seconds since the agent started, ``boots`` is snmpEngineBoots.
    ``battery_seconds`` is the time since mains failed (0.0 on mains), ``charge_percent`` a
    charge that a test has set; ``ports_down`` and ``downtime`` are keyed by ifIndex, the
    latter in seconds without link since start.
    """

    uptime: float
    boots: int = 1
    battery_seconds: float = 0.0
    on_battery: bool = False
    charge_percent: int | None = None
    ports_down: Mapping[int, float] = field(default_factory=dict)
    downtime: Mapping[int, float] = field(default_factory=dict)

    def link_seconds(self, port: int) -> float:
        """Seconds for which a port has carried traffic since start."""
        return self.ports_down.get(port, self.uptime) - self.downtime.get(port, 0.0)


Reader = Callable[[Moment], Value]
Objects = dict[Oid, Reader]


def fixed(syntax: Syntax, value: int | str | bytes | Oid) -> Reader:
    """An object that never changes."""
    answer = Value(syntax, value)
    return lambda _: answer


def moving(syntax: Syntax, read: Callable[[Moment], float]) -> Reader:
    """An object computed at each read; counters wrap at their type's modulus (RFC 2578, 7.1)."""
    modulus = COUNTER_MODULUS.get(syntax)
    if modulus is None:
        return lambda moment: Value(syntax, int(read(moment)))
    return lambda moment: Value(syntax, int(read(moment)) % modulus)
