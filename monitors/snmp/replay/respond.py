"""What an agent answers to a PDU (RFC 3416, 4.2; RFC 1157, 4.1 for SNMPv1)."""

from collections.abc import Sequence

from monitors.snmp.client import Missing
from monitors.snmp.replay.objects import Object, Objects
from monitors.snmp.wire import pdu, values

# What a datagram holds, less any message's head.
LARGEST_POSSIBLE = 65_000
# Three numbers, and the tags and lengths of the PDU and of its list.
_HEAD = 6 + 4 + 4 + 2 * 4


def respond(
    objects: Objects, data: bytes, request: pdu.Pdu, room: int, *, v1: bool = False
) -> bytes | None:
    """The encoded response to a request that lies in ``data``; None for what gets no answer.

    ``room``: octets for the bindings. GETBULK is cut to them; a GET or GETNEXT that does not fit
    is answered with tooBig. Raises BadAnswerError and OidError for what is no request.
    """
    oids = [binding.oid for binding in pdu.wire_bindings(data, request.start, request.end)]
    if request.kind == pdu.BULK and not v1:
        bindings = _bulk(objects, oids, request.status, request.position, room)
        return pdu.encode(pdu.RESPONSE, request.request_id, bindings)
    if request.kind == pdu.SET:
        return _refused(
            data, request, pdu.NO_SUCH_NAME if v1 else pdu.NOT_WRITABLE, min(1, len(oids))
        )
    if request.kind not in {pdu.GET, pdu.NEXT}:
        return None
    following = request.kind == pdu.NEXT
    row = [_instance(objects, oid, following=following, v1=v1) for oid in oids]
    if v1 and None in row:
        return _refused(data, request, pdu.NO_SUCH_NAME, row.index(None) + 1)
    missing = Missing.END if following else Missing.INSTANCE
    encoded = [
        instance.encoded if instance else pdu.binding(oid, missing.value, b"")
        for oid, instance in zip(oids, row, strict=True)
    ]
    if sum(map(len, encoded)) > (LARGEST_POSSIBLE if len(encoded) == 1 else room):
        return pdu.encode(pdu.RESPONSE, request.request_id, (), pdu.TOO_BIG)
    return pdu.encode(pdu.RESPONSE, request.request_id, encoded)


def _instance(objects: Objects, oid: bytes, *, following: bool, v1: bool) -> Object | None:
    """The instance asked for; SNMPv1 has no 64-bit counters (RFC 3584, 4.2.2.1)."""
    if not following:
        instance = objects.at(oid)
        hidden = instance is not None and v1 and instance.tag == values.COUNTER64
        return None if hidden else instance
    instance = objects.after(oid)
    while v1 and instance is not None and instance.tag == values.COUNTER64:
        instance = objects.after(instance.oid)
    return instance


def _refused(data: bytes, request: pdu.Pdu, status: int, position: int) -> bytes:
    """A response that gives the request back with an error."""
    given = (data[request.start : request.end],)
    return pdu.encode(pdu.RESPONSE, request.request_id, given, status, position)


def _bulk(
    objects: Objects, oids: Sequence[bytes], once: int, repetitions: int, room: int
) -> list[bytes]:
    """Rounds of GETNEXT, row by row, as far as they fit (RFC 3416, 4.2.3)."""
    once = min(max(once, 0), len(oids))
    bindings: list[bytes] = []
    octets = 0
    row, repeated = list(oids[:once]), list(oids[once:])
    for round_ in range(max(repetitions, 0) + 1):
        row = repeated if round_ else row
        ended = True
        for at, oid in enumerate(row):
            following = objects.after(oid)
            if following is None:
                encoded = pdu.binding(oid, Missing.END.value, b"")
            else:
                ended, row[at], encoded = False, following.oid, following.encoded
            octets += len(encoded)
            if octets > (room if bindings else LARGEST_POSSIBLE):
                return bindings
            bindings.append(encoded)
        if round_ and ended:
            break
    return bindings


def room_for(largest: int, around: int) -> int:
    """Octets for bindings in an answer of at most ``largest`` with ``around`` for its head."""
    return max(largest - around - _HEAD, 0)
