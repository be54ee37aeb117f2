"""The application types of SMIv2 (RFC 2578, 7.1) as Python values."""

import struct
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address

from monitors.snmp import oid
from monitors.snmp.client import BadAnswerError, Missing, Raw
from monitors.snmp.wire import ber

IP_ADDRESS = 0x40
COUNTER32 = 0x41
GAUGE32 = 0x42
TIME_TICKS = 0x43
OPAQUE = 0x44
COUNTER64 = 0x46
UNSIGNED32 = 0x47

# net-snmp's numbers within an Opaque: a context tag of two octets, then a length.
OPAQUE_FLOAT = b"\x9f\x78\x04"
OPAQUE_DOUBLE = b"\x9f\x79\x08"


def decode(tag: int, content: bytes) -> Raw:
    """Return the value of content octets. Raises BadAnswerError for a tag or length unheard of."""
    decoder = DECODERS.get(tag)
    if decoder is None:
        raise BadAnswerError(f"a value of the unknown type {tag:#04x}")
    return decoder(content)


def _signed(content: bytes) -> int:
    if len(content) > ber.LONGEST_NUMBER:
        raise BadAnswerError(f"a number of {len(content)} octets")
    return int.from_bytes(content, "big", signed=True)


def _unsigned(content: bytes) -> int:
    # Never below zero, even where an agent forgets the leading zero octet.
    if len(content) > ber.LONGEST_NUMBER:
        raise BadAnswerError(f"a number of {len(content)} octets")
    return int.from_bytes(content, "big")


def _oid(content: bytes) -> str:
    try:
        return oid.decode(content) if content else ""
    except oid.OidError as error:
        raise BadAnswerError(str(error)) from error


def _address(content: bytes) -> Raw:
    if len(content) == 4:
        return str(IPv4Address(content))
    return str(IPv6Address(content)) if len(content) == 16 else content


def _opaque(content: bytes) -> Raw:
    if content.startswith(OPAQUE_FLOAT) and len(content) == 7:
        return float(struct.unpack(">f", content[3:])[0])
    if content.startswith(OPAQUE_DOUBLE) and len(content) == 11:
        return float(struct.unpack(">d", content[3:])[0])
    return content


DECODERS: dict[int, Callable[[bytes], Raw]] = {
    ber.INTEGER: _signed,
    ber.OCTETS: bytes,
    ber.NULL: lambda _: None,
    ber.OID: _oid,
    IP_ADDRESS: _address,
    COUNTER32: _unsigned,
    GAUGE32: _unsigned,
    TIME_TICKS: _unsigned,
    OPAQUE: _opaque,
    COUNTER64: _unsigned,
    UNSIGNED32: _unsigned,
    Missing.OBJECT.value: lambda _: Missing.OBJECT,
    Missing.INSTANCE.value: lambda _: Missing.INSTANCE,
    Missing.END.value: lambda _: Missing.END,
}
