"""Object identifiers: dotted text for people, BER content octets (X.690, 8.19) for the wire.

Tables are read by octets: two OIDs share a subtree when one's octets begin with the other's, so
the hot path never makes integers of them.
"""

from functools import lru_cache

# RFC 2578, 3.5: at most 128 sub-identifiers of 32 bits each, so five octets each.
MOST_ARCS = 128
LARGEST_ARC = 2**32 - 1
MOST_OCTETS = 5 * MOST_ARCS

Parts = tuple[int, ...]


class OidError(ValueError):
    """Text or octets are not an object identifier."""


@lru_cache(maxsize=16384)
def encode(text: str) -> bytes:
    """Return the octets of a dotted OID; a leading dot is allowed. Raises OidError."""
    try:
        return join(tuple(int(part) for part in text.lstrip(".").split(".")))
    except ValueError as error:
        raise OidError(f"{text!r} is no object identifier: expected numbers and dots") from error


def join(parts: Parts) -> bytes:
    """Return the octets of an OID given as numbers. Raises OidError."""
    if not 2 <= len(parts) <= MOST_ARCS or parts[0] > 2 or (parts[0] < 2 and parts[1] > 39):
        raise OidError(f"{parts!r} is no object identifier: expected 2 to {MOST_ARCS} numbers")
    return arcs((parts[0] * 40 + parts[1], *parts[2:]))


def arcs(parts: Parts) -> bytes:
    """Return the octets of the numbers of an index: no first pair. Raises OidError."""
    octets = bytearray()
    for part in parts:
        if not 0 <= part <= LARGEST_ARC:
            raise OidError(f"{part}: expected a number from 0 to {LARGEST_ARC}")
        if part < 0x80:
            octets.append(part)
            continue
        chunk = [part & 0x7F]
        while part := part >> 7:
            chunk.append(part & 0x7F | 0x80)
        octets.extend(reversed(chunk))
    return bytes(octets)


def numbers(octets: bytes) -> Parts:
    """Return the numbers of an index given as octets. Raises OidError when they are cut short.

    Or longer than any: reckoning them takes time that grows with the square of their length.
    """
    if len(octets) > MOST_OCTETS:
        raise OidError(f"{len(octets)} octets: expected at most {MOST_OCTETS}")
    parts, value = [], 0
    for octet in octets:
        value = value << 7 | octet & 0x7F
        if octet < 0x80:
            parts.append(value)
            value = 0
    if octets and octets[-1] >= 0x80:
        raise OidError(f"{octets.hex()}: the last number has no end")
    return tuple(parts)


def split(octets: bytes) -> Parts:
    """Return a whole OID's numbers. Raises OidError."""
    parts = numbers(octets)
    if not parts or len(parts) >= MOST_ARCS or max(parts) > LARGEST_ARC + 80:
        raise OidError(f"{octets.hex()}: no object identifier")
    first = min(parts[0] // 40, 2)
    return (first, parts[0] - 40 * first, *parts[1:])


def decode(octets: bytes) -> str:
    """Return dotted text. Raises OidError."""
    return ".".join(map(str, split(octets)))


def follows(later: bytes, earlier: bytes) -> bool:
    """Whether an OID comes after another (RFC 2578, 7.1.3), both as octets.

    Octets sort like numbers as long as no number needs three of them; the rest is compared whole.
    """
    if later <= earlier or max(later, default=0) >= 0x80:
        return numbers(later) > numbers(earlier)
    return True
