"""The Basic Encoding Rules as far as SNMP uses them (RFC 3417, 8): definite lengths only."""

from monitors.snmp.client import BadAnswerError

INTEGER = 0x02
OCTETS = 0x04
NULL = 0x05
OID = 0x06
SEQUENCE = 0x30

# What a signed number of 64 bits needs, and an unsigned one with its leading zero.
LONGEST_NUMBER = 9


def length(size: int) -> bytes:
    """Return the length octets of a content of ``size`` octets."""
    if size < 0x80:
        return bytes((size,))
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((0x80 | len(octets),)) + octets


def tlv(tag: int, content: bytes) -> bytes:
    """Return tag, length and content."""
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    return bytes((tag,)) + length(size) + content


def integer(number: int, tag: int = INTEGER) -> bytes:
    """Return a number in the fewest octets, signed."""
    # ~n needs as many bits as n < 0 does beside its sign: -128 fits in one octet, as 127 does.
    bits = (number if number >= 0 else ~number).bit_length()
    return tlv(tag, number.to_bytes(bits // 8 + 1, "big", signed=True))


def enter(data: bytes, place: int, end: int, tag: int) -> tuple[int, int]:
    """Return where the content of the element at ``place`` begins and ends.

    Raises BadAnswerError when it has another tag or does not end before ``end``.
    """
    start = place + 2
    # Nearly every element; each function here has the short form of a length written out.
    if start <= end and data[place] == tag and start + data[place + 1] <= end:
        size = data[place + 1]
        if size < 0x80:
            return start, start + size
    found, start, stop = element(data, place, end)
    if found != tag:
        raise BadAnswerError(f"octet {place}: expected tag {tag:#04x}, found {found:#04x}")
    return start, stop


def element(data: bytes, place: int, end: int) -> tuple[int, int, int]:
    """Return the tag of the element at ``place`` and where its content begins and ends.

    Raises BadAnswerError when it does not end before ``end``.
    """
    if place + 2 > end:
        raise BadAnswerError(f"octet {place}: the message ends within an element")
    size = data[place + 1]
    start = place + 2
    if size >= 0x80:
        count = size & 0x7F
        # Indefinite lengths and lengths beyond any datagram.
        if not 1 <= count <= 4 or start + count > end:
            raise BadAnswerError(f"octet {place + 1}: a length that SNMP does not use")
        size = int.from_bytes(data[start : start + count], "big")
        start += count
    if start + size > end:
        raise BadAnswerError(f"octet {place}: an element of {size} octets in {end - start}")
    return data[place], start, start + size


def number(data: bytes, place: int, end: int) -> tuple[int, int]:
    """Return the INTEGER at ``place`` and where it ends. Raises BadAnswerError."""
    start = place + 2
    if start <= end and data[place] == INTEGER and 0 < data[place + 1] <= LONGEST_NUMBER:
        stop = start + data[place + 1]
        if stop <= end:
            return int.from_bytes(data[start:stop], "big", signed=True), stop
    start, stop = enter(data, place, end, INTEGER)
    if not 0 < stop - start <= LONGEST_NUMBER:
        raise BadAnswerError(f"octet {place}: a number of {stop - start} octets")
    return int.from_bytes(data[start:stop], "big", signed=True), stop


def octets(data: bytes, place: int, end: int) -> tuple[bytes, int]:
    """Return the OCTET STRING at ``place`` and where it ends. Raises BadAnswerError."""
    start, stop = enter(data, place, end, OCTETS)
    return data[start:stop], stop
