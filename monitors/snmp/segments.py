"""What a table that is as it was will answer: where to ask, and the OIDs that come."""

from dataclasses import dataclass
from functools import lru_cache

from monitors.snmp.client import BulkResponse, Raw
from monitors.snmp.wire import ber, pdu


@dataclass(frozen=True, slots=True)
class Segment:
    """Some rows of a table: the OIDs to ask after, the rows' indexes, the OIDs of the answer.

    ``heads`` are encoded, row by row.
    """

    cursors: tuple[bytes, ...]
    indexes: tuple[bytes, ...]
    heads: tuple[bytes, ...]


@lru_cache(maxsize=1024)
def segments(columns: tuple[bytes, ...], rows: tuple[bytes, ...], step: int) -> tuple[Segment, ...]:
    """Return a table's rows in segments of ``step``; equal tables of a fleet share them."""
    cut, border = [], b""
    for start in range(0, len(rows), step):
        indexes = rows[start : start + step]
        heads = tuple(ber.tlv(ber.OID, column + index) for index in indexes for column in columns)
        cut.append(Segment(tuple(column + border for column in columns), indexes, heads))
        border = indexes[-1]
    return tuple(cut)


def expected_values(bulk: BulkResponse, segment: Segment) -> list[Raw] | None:
    """Return the values of an answer, row by row, if its OIDs are exactly those of a segment.

    None when anything is different: the general way of reading finds out what. Written out, since
    it runs for every value of a table.
    """
    data, offset, end, _ = bulk
    row_values: list[Raw] = []
    add, unsigned, number = row_values.append, pdu.UNSIGNED, int.from_bytes
    try:
        for head in segment.heads:
            start = offset + 2
            offset = start + data[offset + 1]
            if not data.startswith(head, start):
                return None
            begin = start + len(head) + 2
            size, tag = offset - begin, data[begin - 2]
            if data[begin - 1] != size or size > ber.LONGEST_NUMBER:
                return None
            if tag in unsigned:
                add(number(data[begin:offset]))
            elif tag == ber.INTEGER:
                add(number(data[begin:offset], "big", signed=True))
            elif tag == ber.OCTETS:
                add(data[begin:offset])
            else:
                return None
    except IndexError:
        return None
    return row_values if offset == end else None
