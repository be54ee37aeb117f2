"""The managed objects that an agent answers from, each binding encoded before it is asked for."""

import time
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple, Protocol

from monitors.snmp import oid as oids
from monitors.snmp.client import WireBinding
from monitors.snmp.recording.recorded_session import OrderedBindings
from monitors.snmp.wire import ber, pdu, values

SYSTEM_UPTIME = oids.encode("1.3.6.1.2.1.1.3.0")
# Clocks of the agent itself, in hundredths of a second and in seconds: sysUpTime,
# hrSystemUptime (RFC 2790), snmpEngineTime (RFC 3411).
CLOCKS = {
    SYSTEM_UPTIME: 100,
    oids.encode("1.3.6.1.2.1.25.1.1.0"): 100,
    oids.encode("1.3.6.1.6.3.10.2.1.3.0"): 1,
}
_MODULUS = {values.COUNTER32: 2**32, values.COUNTER64: 2**64, values.TIME_TICKS: 2**32}
_ENGINE_TIME_MODULUS = 2**31
# Recordings without an uptime: their counters are taken for those of a day.
_A_DAY = 86_400.0


class Object(NamedTuple):
    """An instance: its OID, its value's tag, and its whole binding as it goes on the wire."""

    oid: bytes
    tag: int
    encoded: bytes


class Objects(Protocol):
    """What an agent answers from; both raise OidError for octets that are no OID."""

    def at(self, oid: bytes) -> Object | None:
        """The instance itself."""
        ...

    def after(self, oid: bytes) -> Object | None:
        """The instance after an OID."""
        ...


class Recorded:
    """The entries of a recording, as they were."""

    def __init__(self, entries: Iterable[WireBinding]) -> None:
        """Encode all bindings once. Raises OidError."""
        self._view = OrderedBindings(entries)
        self._objects = {entry.oid: encoded(entry) for entry in self._view.entries}

    def at(self, oid: bytes) -> Object | None:
        """See ``Objects``."""
        return self._objects.get(oid)

    def after(self, oid: bytes) -> Object | None:
        """See ``Objects``."""
        instance = self._view.after(oid)
        return None if instance is None else self._objects[instance.oid]


class Replaced:
    """Other objects with some of their instances replaced, each made when it is asked for."""

    def __init__(self, base: Objects, replaced: Mapping[bytes, Callable[[], Object]]) -> None:
        """``replaced`` names instances that ``base`` has."""
        self._base, self._replaced = base, replaced

    def at(self, oid: bytes) -> Object | None:
        """See ``Objects``."""
        return self._in_place(self._base.at(oid))

    def after(self, oid: bytes) -> Object | None:
        """See ``Objects``."""
        return self._in_place(self._base.after(oid))

    def _in_place(self, instance: Object | None) -> Object | None:
        if instance is None or instance.oid not in self._replaced:
            return instance
        return self._replaced[instance.oid]()


def encoded(entry: WireBinding) -> Object:
    """An entry with its binding encoded."""
    return Object(entry.oid, entry.tag, pdu.binding(entry.oid, entry.tag, entry.content))


def number(oid: bytes, tag: int, value: int) -> Object:
    """An instance that is a number."""
    return Object(oid, tag, pdu.binding(oid, tag, ber.integer_content(value)))


def moving(entries: Iterable[WireBinding], clock: Callable[[], float] = time.monotonic) -> Objects:
    """The entries of a recording whose counters and clocks go on from where they were.

    A counter grows as fast as it did on average while the device was up; those at zero stay there.
    """
    kept = list(entries)
    by_oid = {entry.oid: entry for entry in kept}
    up = by_oid.get(SYSTEM_UPTIME)
    seconds = int.from_bytes(up.content, "big") / 100 if up is not None else _A_DAY
    start = clock()
    replaced: dict[bytes, Callable[[], Object]] = {}
    for entry in by_oid.values():
        rate: float | None = CLOCKS.get(entry.oid)
        if rate is None and entry.tag in {values.COUNTER32, values.COUNTER64}:
            rate = int.from_bytes(entry.content, "big") / max(seconds, 1.0)
        if rate and entry.tag in _MODULUS.keys() | {ber.INTEGER}:
            replaced[entry.oid] = _grown(entry, rate, start, clock)
    return Replaced(Recorded(kept), replaced)


def _grown(
    entry: WireBinding, rate: float, start: float, clock: Callable[[], float]
) -> Callable[[], Object]:
    first = int.from_bytes(entry.content, "big")
    modulus = _MODULUS.get(entry.tag, _ENGINE_TIME_MODULUS)
    return lambda: number(entry.oid, entry.tag, (first + int(rate * (clock() - start))) % modulus)
