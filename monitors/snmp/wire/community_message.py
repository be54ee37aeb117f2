"""Messages of SNMPv1 and v2c (RFC 1157, 4; RFC 1901, 3)."""

from typing import NamedTuple

from monitors.snmp.client import BadAnswerError
from monitors.snmp.wire import ber, pdu

V1, V2C = 0, 1


class Message(NamedTuple):
    """A message's version and community, and the PDU in it."""

    version: int
    community: bytes
    pdu: pdu.Pdu


def encode(version: int, community: bytes, content: bytes) -> bytes:
    """Return the message that carries an encoded PDU."""
    return ber.tlv(ber.SEQUENCE, ber.integer(version) + ber.tlv(ber.OCTETS, community) + content)


def decode(data: bytes) -> Message:
    """Return a message. Raises BadAnswerError."""
    offset, end = ber.enter(data, 0, len(data), ber.SEQUENCE)
    version, offset = ber.number(data, offset, end)
    if version not in (V1, V2C):
        raise BadAnswerError(f"expected SNMPv1 or v2c, found version {version}")
    community, offset = ber.octets(data, offset, end)
    return Message(version, community, pdu.decode(data, offset, end))
