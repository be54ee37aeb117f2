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
    return tlv(tag, integer_content(number))


def integer_content(number: int) -> bytes:
    """Return the fewest octets that hold a number, signed (X.690, 8.3)."""
    # ~n needs as many bits as n < 0 does beside its sign: -128 fits in one octet, as 127 does.
    bits = (number if number >= 0 else ~number).bit_length()
    return number.to_bytes(bits // 8 + 1, "big", signed=True)


def enter(data: bytes, offset: int, end: int, tag: int) -> tuple[int, int]:
    """Return where the content of the element at ``offset`` begins and ends.

    Raises BadAnswerError when it has another tag or does not end before ``end``.
    """
    start = offset + 2
    # Nearly every element; each function here has the short form of a length written out.
    if start <= end and data[offset] == tag and start + data[offset + 1] <= end:
        size = data[offset + 1]
        if size < 0x80:
            return start, start + size
    actual, start, stop = element(data, offset, end)
    if actual != tag:
        raise BadAnswerError(f"octet {offset}: expected tag {tag:#04x}, found {actual:#04x}")
    return start, stop


def element(data: bytes, offset: int, end: int) -> tuple[int, int, int]:
    """Return the tag of the element at ``offset`` and where its content begins and ends.

    Raises BadAnswerError when it does not end before ``end``.
    """
    if offset + 2 > end:
        raise BadAnswerError(f"octet {offset}: the message ends within an element")
    size = data[offset + 1]
    start = offset + 2
    if size >= 0x80:
        count = size & 0x7F
        # Indefinite lengths and lengths beyond any datagram.
        if not 1 <= count <= 4 or start + count > end:
            raise BadAnswerError(f"octet {offset + 1}: a length that SNMP does not use")
        size = int.from_bytes(data[start : start + count], "big")
        start += count
    if start + size > end:
        raise BadAnswerError(f"octet {offset}: an element of {size} octets in {end - start}")
    return data[offset], start, start + size


def opening(data: bytes, offset: int) -> tuple[int, int]:
    """Return the tag of the element at ``offset`` and where its content begins.

    Its end may be missing. Raises BadAnswerError when its head is.
    """
    if offset + 2 > len(data):
        raise BadAnswerError(f"octet {offset}: the message ends within an element")
    size = data[offset + 1]
    return data[offset], offset + 2 + (size & 0x7F if size >= 0x80 else 0)


def number(data: bytes, offset: int, end: int) -> tuple[int, int]:
    """Return the INTEGER at ``offset`` and where it ends. Raises BadAnswerError."""
    start = offset + 2
    if start <= end and data[offset] == INTEGER and 0 < data[offset + 1] <= LONGEST_NUMBER:
        stop = start + data[offset + 1]
        if stop <= end:
            return int.from_bytes(data[start:stop], "big", signed=True), stop
    start, stop = enter(data, offset, end, INTEGER)
    if not 0 < stop - start <= LONGEST_NUMBER:
        raise BadAnswerError(f"octet {offset}: a number of {stop - start} octets")
    return int.from_bytes(data[start:stop], "big", signed=True), stop


def octets(data: bytes, offset: int, end: int) -> tuple[bytes, int]:
    """Return the OCTET STRING at ``offset`` and where it ends. Raises BadAnswerError."""
    start, stop = enter(data, offset, end, OCTETS)
    return data[start:stop], stop
