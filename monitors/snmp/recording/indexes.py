"""Addresses within OIDs: where the tables' definitions put them, and where they are known from."""

from collections.abc import Iterator
from typing import NamedTuple, Protocol

from monitors.snmp import oid as oids
from monitors.snmp.recording import sensitive
from monitors.snmp.recording.pseudonyms import Disguise

_SIZES = {"i": 1, "a": 4, "m": 6}
# The prefix that all registered objects have: no index begins before.
_FIRST_INDEX = 8
# An IPv4 address without a larger number than this may be anything (1.1.1.1, 10.1.1.1).
_LARGEST_ORDINARY = 99


class Span(NamedTuple):
    """Numbers of an OID that are an address."""

    start: int
    end: int


class Found(NamedTuple):
    """The addresses in an OID, as octets."""

    macs: tuple[bytes, ...] = ()
    addresses: tuple[bytes, ...] = ()


class Known(Protocol):
    """Addresses to look for."""

    @property
    def macs(self) -> frozenset[bytes]:
        """Of six octets."""
        ...

    @property
    def addresses(self) -> frozenset[bytes]:
        """Of four or sixteen."""
        ...


def addresses_within(place: bytes) -> Found:
    """The addresses that an index holds by its table's definition."""
    spans = _defined(place)
    if not spans:
        return Found()
    parts = oids.split(place)
    found = [bytes(parts[start:end]) for start, end in spans]
    return Found(
        tuple(each for each in found if len(each) == 6),
        tuple(each for each in found if len(each) != 6),
    )


class Indexes:
    """Replaces addresses within OIDs."""

    def __init__(self, disguise: Disguise, known: Known) -> None:
        """``known``: what to replace outside the tables that are known."""
        self._disguise, self._known = disguise, known

    def oid(self, place: bytes) -> bytes:
        """An OID with its addresses replaced; octets that are no OID stay."""
        try:
            parts = list(oids.split(place))
        except oids.OidError:
            return place
        spans = _defined(place) or list(self._undefined(parts))
        if not spans:
            return place
        for start, end in spans:
            octets = bytes(parts[start:end])
            is_mac = len(octets) == 6
            parts[start:end] = (
                self._disguise.mac(octets) if is_mac else self._disguise.address(octets)
            )
        return oids.join(tuple(parts))

    def _undefined(self, parts: list[int]) -> Iterator[Span]:
        at = _FIRST_INDEX
        while at < len(parts):
            size = next((size for size in (16, 6, 4) if self._is_known(parts[at : at + size])), 0)
            if size:
                yield Span(at, at + size)
            at += size or 1

    def _is_known(self, parts: list[int]) -> bool:
        if len(parts) not in {4, 6, 16} or max(parts) > 255:
            return False
        if len(parts) == 6:
            return bytes(parts) in self._known.macs
        ordinary = len(parts) == 4 and max(parts) <= _LARGEST_ORDINARY
        return not ordinary and bytes(parts) in self._known.addresses


def _defined(place: bytes) -> list[Span]:
    """Where a table's definition puts addresses; nothing when the index is another than that."""
    for table, form in sensitive.INDEXES:
        if place.startswith(table):
            try:
                parts = oids.split(place)
                # After the entry comes the column, then the index.
                return list(_spans(parts, len(oids.split(table)) + 1, form))
            except (oids.OidError, ValueError):
                return []
    return []


def _spans(parts: oids.Parts, at: int, form: str) -> Iterator[Span]:
    """Raises ValueError when the numbers are not of that form."""
    for part in form:
        size = _SIZES.get(part)
        if size is None:
            at += part == "n"
            if at >= len(parts):
                raise ValueError("the index is too short")
            size = parts[at]
            at += 1
        if at + size > len(parts):
            raise ValueError("the index is too short")
        # A zone after an address (RFC 4001) is no part of it.
        length = {8: 4, 20: 16}.get(size, size) if part == "n" else size
        if part in "amn" and length in {4, 6, 16}:
            if max(parts[at : at + length]) > 255:
                raise ValueError("numbers that are no octets")
            yield Span(at, at + length)
        at += size
