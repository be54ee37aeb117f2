"""Protocol data units (RFC 3416, 3): requests and responses."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

from monitors.snmp.client import BadAnswerError, Binding, WireBinding
from monitors.snmp.wire import ber, values

GET = 0xA0
NEXT = 0xA1
RESPONSE = 0xA2
SET = 0xA3
BULK = 0xA5
INFORM = 0xA6
TRAP = 0xA7
REPORT = 0xA8
KINDS = frozenset((GET, NEXT, RESPONSE, SET, BULK, INFORM, TRAP, REPORT))

TOO_BIG = 1
NO_SUCH_NAME = 2
# error-status (RFC 3416, 3; the first six also RFC 1157, 4.1.1): its name, and what it means when
# an object is set.
ERRORS: tuple[tuple[str, str], ...] = (
    ("noError", ""),
    ("tooBig", "the value does not fit a message that the device takes"),
    ("noSuchName", "the device has no such object, or not for writing"),
    ("badValue", "the device does not take a value of this type, length or content"),
    ("readOnly", "the object cannot be written"),
    ("genErr", "the device could not do it and does not say why"),
    ("noAccess", "the device does not let this user reach the object"),
    ("wrongType", "the object has another type"),
    ("wrongLength", "the object takes another length"),
    ("wrongEncoding", "the device does not understand the value's octets"),
    ("wrongValue", "the object does not take this value"),
    ("noCreation", "there is no such row or object, and it cannot be made"),
    ("inconsistentValue", "the value contradicts another object as it is now"),
    ("resourceUnavailable", "the device lacks memory or the like"),
    ("commitFailed", "the device failed while it changed the object"),
    ("undoFailed", "the device failed, and may have changed a part"),
    ("authorizationError", "the device does not let this user write"),
    ("notWritable", "the object cannot be written on this device"),
    ("inconsistentName", "the object cannot be made as things are now"),
)
NOT_WRITABLE = 17


class Pdu(NamedTuple):
    """A PDU's head, and where its bindings lie in the datagram.

    ``status`` and ``position`` are non-repeaters and max-repetitions in a GETBULK.
    """

    kind: int
    request_id: int
    status: int
    position: int
    start: int
    end: int


def error_name(status: int) -> str:
    """Return the name of an error status."""
    return ERRORS[status][0] if 0 <= status < len(ERRORS) else f"error {status}"


def refusal(status: int) -> str:
    """Return why an object was not set, for an administrator."""
    if 0 < status < len(ERRORS):
        return ": ".join(ERRORS[status])
    return error_name(status)


@lru_cache(maxsize=8192)
def null_binding(oid: bytes) -> bytes:
    """Return the binding of an OID whose value is requested."""
    return binding(oid, ber.NULL, b"")


def binding(oid: bytes, tag: int, content: bytes) -> bytes:
    """Return one binding."""
    return ber.tlv(ber.SEQUENCE, ber.tlv(ber.OID, oid) + ber.tlv(tag, content))


def request(
    kind: int, request_id: int, oids: Sequence[bytes], status: int = 0, position: int = 0
) -> bytes:
    """Return a PDU that asks for OIDs; a GETBULK's two numbers are ``status`` and ``position``."""
    return encode(kind, request_id, map(null_binding, oids), status, position)


def encode(
    kind: int, request_id: int, bindings: Iterable[bytes], status: int = 0, position: int = 0
) -> bytes:
    """Return a PDU of encoded bindings."""
    head = ber.integer(request_id) + ber.integer(status) + ber.integer(position)
    return ber.tlv(kind, head + ber.tlv(ber.SEQUENCE, b"".join(bindings)))


def decode(data: bytes, offset: int, end: int) -> Pdu:
    """Return the PDU at ``offset``. Raises BadAnswerError."""
    kind, start, stop = ber.element(data, offset, end)
    if kind not in KINDS:
        raise BadAnswerError(f"octet {offset}: no kind of message: {kind:#04x}")
    request_id, start = ber.number(data, start, stop)
    status, start = ber.number(data, start, stop)
    position, start = ber.number(data, start, stop)
    start, end_of_list = ber.enter(data, start, stop, ber.SEQUENCE)
    return Pdu(kind, request_id, status, position, start, end_of_list)


UNSIGNED = frozenset(
    (values.COUNTER32, values.GAUGE32, values.TIME_TICKS, values.COUNTER64, values.UNSIGNED32)
)


def bindings(data: bytes, offset: int, end: int) -> list[Binding]:
    """Return the bindings from ``offset`` to ``end``. Raises BadAnswerError."""
    return [
        (oid, values.decode(tag, content)) for oid, tag, content in wire_bindings(data, offset, end)
    ]


def wire_bindings(data: bytes, offset: int, end: int) -> list[WireBinding]:
    """Return the bindings as they are on the wire. Raises BadAnswerError."""
    wire = []
    while offset < end:
        start, offset = ber.enter(data, offset, end, ber.SEQUENCE)
        begin, stop = ber.enter(data, start, offset, ber.OID)
        tag, start, last = ber.element(data, stop, offset)
        if last != offset:
            raise BadAnswerError(f"octet {last}: more than an OID and a value in a binding")
        wire.append(WireBinding(data[begin:stop], tag, data[start:last]))
    return wire
