"""An answer is taken in one step only when it is exactly what a known table gives."""

import pytest

from monitors.snmp import oid
from monitors.snmp.client import BulkResponse
from monitors.snmp.segments import expected_values, segments
from monitors.snmp.wire import ber, pdu

COLUMN = oid.encode("1.3.6.1.4.1.32473.1.1")
(SEGMENT,) = segments((COLUMN,), (b"\x01",), 5)
ROW = pdu.binding(COLUMN + b"\x01", ber.INTEGER, b"\xff")
NEXT = pdu.binding(COLUMN + b"\x02", ber.INTEGER, b"\x01")
LONG = pdu.binding(COLUMN + b"\x01", ber.INTEGER, bytes(10))


def response(data: bytes) -> BulkResponse:
    return BulkResponse(data, 0, len(data), len(data))


def test_the_expected_row_gives_its_value_with_its_sign() -> None:
    assert expected_values(response(ROW), SEGMENT) == [-1]


@pytest.mark.parametrize(
    "data",
    [NEXT, ROW + NEXT, ROW[:-1], ROW[:-2] + b"\x02\xff", LONG, b""],
    ids=["another row", "one more", "cut", "a wrong length", "a long number", "nothing"],
)
def test_anything_else_is_left_to_the_general_way(data: bytes) -> None:
    assert expected_values(response(data), SEGMENT) is None
