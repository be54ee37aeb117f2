"""What a recording itself tells to be somebody's: names, serials, addresses of all kinds."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from monitors.snmp.client import Typed
from monitors.snmp.recording import sensitive
from monitors.snmp.recording.indexes import addresses_within
from monitors.snmp.recording.sensitive import below
from monitors.snmp.wire import ber, values

# Shorter texts are words that occur everywhere.
SHORTEST = 4
_PLACEHOLDERS = frozenset({b"none", b"unknown", b"default", b"private", b"<private>", b"n/a"})


@dataclass(frozen=True, slots=True)
class Learned:
    """Octets to look for: texts in lower case, hardware and network addresses."""

    texts: frozenset[bytes]
    macs: frozenset[bytes]
    addresses: frozenset[bytes]


def learn(entries: Iterable[Typed], words: Collection[str]) -> Learned:
    """Go through a recording once; ``words`` are the caller's."""
    texts = {word.encode().lower() for word in words if word}
    macs: set[bytes] = set()
    addresses: set[bytes] = set()
    for entry in entries:
        found = addresses_within(entry.oid)
        macs.update(found.macs)
        addresses.update(found.addresses)
        if entry.tag == values.IP_ADDRESS and len(entry.content) == 4:
            addresses.add(entry.content)
        elif entry.tag == ber.OCTETS:
            texts |= _texts(entry)
            macs |= _macs(entry)
    return Learned(frozenset(texts), frozenset(macs), frozenset(addresses))


def _texts(entry: Typed) -> set[bytes]:
    """A name, and the host's part of a full one."""
    if not below(entry.oid, (*sensitive.NAMES, *sensitive.SERIALS)):
        return set()
    whole = entry.content.strip().lower()
    found = {whole, whole.partition(b".")[0]}
    return {text for text in found if len(text) >= SHORTEST and text not in _PLACEHOLDERS}


def _macs(entry: Typed) -> set[bytes]:
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
