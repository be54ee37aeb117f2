"""A row's index as labels: numbers, addresses and texts packed into an OID (RFC 2578, 7.7)."""

from collections.abc import Callable, Sequence
from ipaddress import IPv4Address, IPv6Address
from typing import NamedTuple

from monitors.snmp import oid
from monitors.snmp.profile import IndexForm, IndexPart

MAC_OCTETS, IPV4_OCTETS = 6, 4


class Piece(NamedTuple):
    """One part of an index: its octets within the OID, and what it says."""

    octets: bytes
    text: str


def pieces(parts: Sequence[IndexPart], octets: bytes) -> tuple[Piece, ...]:
    """Return the parts of an index. Raises OidError when it is shorter or longer than they are."""
    left, cut = oid.numbers(octets), []
    for part in parts:
        take, read = FORMS[part.form]
        size = take(left)
        if size > len(left):
            raise oid.OidError(f"index {octets.hex()}: too short for a {part.form}")
        cut.append(Piece(oid.arcs(left[:size]), read(left[:size])))
        left = left[size:]
    if left:
        raise oid.OidError(f"index {octets.hex()}: more than {len(parts)} parts")
    return tuple(cut)


def key(parts: Sequence[IndexPart], octets: bytes, names: Sequence[str]) -> bytes:
    """Return the octets of the named parts, one after another. Raises OidError, KeyError."""
    octets_of = {
        part.label: piece.octets
        for part, piece in zip(parts, pieces(parts, octets), strict=True)
        if part.label
    }
    return b"".join(octets_of[name] for name in names)


def _dotted(numbers: oid.Parts) -> str:
    return ".".join(map(str, numbers))


def _octets(numbers: oid.Parts) -> bytes:
    if any(number > 0xFF for number in numbers):
        raise oid.OidError(f"{_dotted(numbers)}: expected octets")
    return bytes(numbers)


def _mac(numbers: oid.Parts) -> str:
    return _octets(numbers).hex(":")


def _ipv4(numbers: oid.Parts) -> str:
    return str(IPv4Address(_octets(numbers)))


def _address(numbers: oid.Parts) -> str:
    """An InetAddressType, a length and the address (RFC 4001, 4.1); zones are cut off."""
    content = _octets(numbers[2:])
    if len(content) in (4, 8):
        return str(IPv4Address(content[:4]))
    if len(content) in (16, 20):
        return str(IPv6Address(content[:16]))
    return _text(numbers[2:])


def _text(numbers: oid.Parts) -> str:
    content = _octets(numbers)
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return content.hex()
    return text if text.isprintable() else content.hex()


def _length_and_octets(numbers: oid.Parts) -> int:
    return 1 + numbers[0] if numbers else 1


FORMS: dict[IndexForm, tuple[Callable[[oid.Parts], int], Callable[[oid.Parts], str]]] = {
    "integer": (lambda _: 1, _dotted),
    "mac": (lambda _: MAC_OCTETS, _mac),
    "ipv4": (lambda _: IPV4_OCTETS, _ipv4),
    "address": (lambda n: 2 + n[1] if len(n) > 1 else 2, _address),
    "text": (_length_and_octets, lambda n: _text(n[1:])),
    "rest_text": (len, _text),
    "rest": (len, _dotted),
}
"""How many numbers each form takes of what is left, and how they read."""
