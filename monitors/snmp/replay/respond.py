"""What an agent answers to a PDU (RFC 3416, 4.2; RFC 1157, 4.1 for SNMPv1)."""

from collections.abc import Sequence

from monitors.snmp.client import Missing
from monitors.snmp.replay.objects import Object, Objects
from monitors.snmp.wire import pdu, values

# What a datagram holds, less any message's head.
LARGEST_POSSIBLE = 65_000
# Three numbers, and the tags and lengths of the PDU and of its list.
_HEAD = 6 + 4 + 4 + 2 * 4
NOT_WRITABLE = 17


def respond(
    objects: Objects, data: bytes, asked: pdu.Pdu, room: int, *, v1: bool = False
) -> bytes | None:
    """The encoded response to a request that lies in ``data``; None for what gets no answer.

    ``room``: octets for the bindings. GETBULK is cut to them; a GET or GETNEXT that does not fit
    is answered with tooBig. Raises BadAnswerError and OidError for what is no request.
    """
    oids = [binding.oid for binding in pdu.wire_bindings(data, asked.start, asked.end)]
    if asked.kind == pdu.BULK and not v1:
        found = _bulk(objects, oids, asked.status, asked.position, room)
        return pdu.encode(pdu.RESPONSE, asked.request_id, found)
    if asked.kind == pdu.SET:
        return _refused(data, asked, pdu.NO_SUCH_NAME if v1 else NOT_WRITABLE, min(1, len(oids)))
    if asked.kind not in {pdu.GET, pdu.NEXT}:
        return None
    following = asked.kind == pdu.NEXT
    row = [_seen(objects, oid, following=following, v1=v1) for oid in oids]
    if v1 and None in row:
        return _refused(data, asked, pdu.NO_SUCH_NAME, row.index(None) + 1)
    missing = Missing.END if following else Missing.INSTANCE
    encoded = [
        found.encoded if found else pdu.binding(oid, missing.value, b"")
        for oid, found in zip(oids, row, strict=True)
    ]
    if sum(map(len, encoded)) > (LARGEST_POSSIBLE if len(encoded) == 1 else room):
        return pdu.encode(pdu.RESPONSE, asked.request_id, (), pdu.TOO_BIG)
    return pdu.encode(pdu.RESPONSE, asked.request_id, encoded)


def _seen(objects: Objects, oid: bytes, *, following: bool, v1: bool) -> Object | None:
    """The instance asked for; SNMPv1 has no 64-bit counters (RFC 3584, 4.2.2.1)."""
    if not following:
        found = objects.at(oid)
        return None if found is not None and v1 and found.tag == values.COUNTER64 else found
    found = objects.after(oid)
    while v1 and found is not None and found.tag == values.COUNTER64:
        found = objects.after(found.oid)
    return found


def _refused(data: bytes, asked: pdu.Pdu, status: int, position: int) -> bytes:
    """A response that gives the question back with an error."""
    bindings = [data[asked.start : asked.end]]
    return pdu.encode(pdu.RESPONSE, asked.request_id, bindings, status, position)


def _bulk(
    objects: Objects, oids: Sequence[bytes], once: int, repetitions: int, room: int
) -> list[bytes]:
    """Rounds of GETNEXT, row by row, as far as they fit (RFC 3416, 4.2.3)."""
    once = min(max(once, 0), len(oids))
    found: list[bytes] = []
    octets = 0
    row, repeated = list(oids[:once]), list(oids[once:])
    for round_ in range(max(repetitions, 0) + 1):
        row = repeated if round_ else row
        ended = True
        for place, oid in enumerate(row):
            following = objects.after(oid)
            if following is None:
                encoded = pdu.binding(oid, Missing.END.value, b"")
            else:
                ended, row[place], encoded = False, following.oid, following.encoded
            octets += len(encoded)
            if octets > (room if found else LARGEST_POSSIBLE):
                return found
            found.append(encoded)
        if round_ and ended:
            break
    return found


def room_for(largest: int, around: int) -> int:
    """Octets for bindings in an answer of at most ``largest`` with ``around`` for its head."""
    return max(largest - around - _HEAD, 0)
