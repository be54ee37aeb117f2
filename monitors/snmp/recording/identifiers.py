"""What identifies somebody in a recording: names, serials, addresses also within indexes."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from monitors.snmp import oid as oids
from monitors.snmp.client import WireBinding
from monitors.snmp.recording import sensitive
from monitors.snmp.recording.sensitive import below
from monitors.snmp.wire import ber, values

# Shorter texts are words that occur everywhere.
SHORTEST = 4
MAC_OCTETS = 6
# Numbers of an OID that each part of an index takes; see ``sensitive.INDEXES``.
_SIZES = {"i": 1, "a": 4, "m": 6}
_PLACEHOLDERS = frozenset({b"none", b"unknown", b"default", b"private", b"<private>", b"n/a"})


class Span(NamedTuple):
    """Numbers of an OID that are an address."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Identifiers:
    """Octets to look for: texts in lower case, hardware and network addresses."""

    texts: frozenset[bytes]
    macs: frozenset[bytes]
    addresses: frozenset[bytes]


def identifiers(entries: Iterable[WireBinding], words: Collection[str]) -> Identifiers:
    """Go through a recording once; ``words`` are the caller's."""
    texts = {word.encode().lower() for word in words if word}
    macs: set[bytes] = set()
    addresses: set[bytes] = set()
    for entry in entries:
        for address in addresses_within(entry.oid):
            (macs if len(address) == MAC_OCTETS else addresses).add(address)
        if entry.tag == values.IP_ADDRESS and len(entry.content) == 4:
            addresses.add(entry.content)
        elif entry.tag == ber.OCTETS:
            texts |= _texts(entry)
            macs |= _macs(entry)
    return Identifiers(frozenset(texts), frozenset(macs), frozenset(addresses))


def _texts(entry: WireBinding) -> set[bytes]:
    """A name, and the host's part of a full one."""
    if not below(entry.oid, (*sensitive.NAMES, *sensitive.SERIALS)):
        return set()
    whole = entry.content.strip().lower()
    names = {whole, whole.partition(b".")[0]}
    return {text for text in names if len(text) >= SHORTEST and text not in _PLACEHOLDERS}


def _macs(entry: WireBinding) -> set[bytes]:
    octets = entry.content
    if len(octets) == 8 and below(entry.oid, sensitive.BRIDGES):
        return {octets[2:]}
    if len(octets) != 6 or below(entry.oid, sensitive.PORT_LISTS):
        return set()
    return {octets} if below(entry.oid, sensitive.MACS) or _like_a_mac(octets) else set()


def _like_a_mac(octets: bytes) -> bool:
    """Whether six octets are rather one device's address than text or a set of ports."""
    readable = all(0x20 <= octet < 0x7F for octet in octets)
    return not readable and not octets[0] & 1 and octets.count(0) < 3


def addresses_within(oid: bytes) -> tuple[bytes, ...]:
    """The addresses, as octets, that an index holds by its table's definition."""
    spans = address_spans(oid)
    if not spans:
        return ()
    parts = oids.split(oid)
    return tuple(bytes(parts[start:end]) for start, end in spans)


def address_spans(oid: bytes) -> list[Span]:
    """Where a table's definition puts addresses; nothing when the index is another than that."""
    for table, form in sensitive.INDEXES:
        if oid.startswith(table):
            try:
                parts = oids.split(oid)
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
