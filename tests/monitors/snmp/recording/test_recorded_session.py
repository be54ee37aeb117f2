"""A recording asked as if it were the agent."""

import asyncio

import pytest

from monitors.snmp import oid
from monitors.snmp.client import Binding, Missing, WireBinding
from monitors.snmp.recording.recorded_session import RecordedSession
from monitors.snmp.wire import pdu


def entry(dotted: str, tag: int, content: bytes) -> WireBinding:
    return WireBinding(oid.encode(dotted), tag, content)


ROWS = [
    entry("1.3.6.1.2.1.2.2.1.10.300", 0x41, b"\x05"),
    entry("1.3.6.1.2.1.2.2.1.10.2", 0x41, b"\x04"),
    entry("1.3.6.1.2.1.2.2.1.2.2", 0x04, b"two"),
    entry("1.3.6.1.2.1.2.2.1.2.300", 0x04, b"three hundred"),
    entry("1.3.6.1.2.1.2.2.1.2.16384", 0x04, b"three octets of OID, yet after 300"),
]
NAMES, OCTETS = oid.encode("1.3.6.1.2.1.2.2.1.2"), oid.encode("1.3.6.1.2.1.2.2.1.10")


def bulk(
    session: RecordedSession, oids: list[bytes], repetitions: int
) -> tuple[list[Binding], int]:
    page = asyncio.run(session.bulk(oids, repetitions))
    return pdu.bindings(page.data, page.start, page.end), page.size


def test_what_was_not_recorded_is_left_out_of_get() -> None:
    session = RecordedSession(ROWS)
    wanted = [ROWS[2].oid, oid.encode("1.3.6.1.2.1.1.1.0")]
    assert asyncio.run(session.get(wanted)) == {ROWS[2].oid: b"two"}


def test_after_the_last_instance_comes_the_end() -> None:
    session = RecordedSession(ROWS)
    last = oid.encode("1.3.6.1.2.1.2.2.1.10.300")
    assert asyncio.run(session.next([last])) == [(last, Missing.END)]
    assert asyncio.run(session.wire_bindings(last, 10)) == []


def test_an_empty_recording_ends_at_once() -> None:
    session = RecordedSession([])
    bindings, _ = bulk(session, [NAMES, OCTETS], 10)
    assert bindings == [(NAMES, Missing.END), (OCTETS, Missing.END)]


def test_bulk_goes_row_by_row_in_the_order_of_numbers() -> None:
    bindings, _ = bulk(RecordedSession(ROWS), [NAMES, OCTETS], 2)
    assert [(oid.decode(where)[18:], value) for where, value in bindings] == [
        ("2.2", b"two"),
        ("10.2", 4),
        ("2.300", b"three hundred"),
        ("10.300", 5),
    ]


@pytest.mark.parametrize("largest", [1, 100, 500, 1400])
def test_an_answer_stops_where_a_datagram_is_full(largest: int) -> None:
    table = [entry(f"1.3.6.1.2.1.2.2.1.2.{i}", 0x04, b"x" * 50) for i in range(1, 100)]
    session = RecordedSession(table, largest)
    bindings, octets = bulk(session, [NAMES], 99)
    assert len(bindings) == 1 or octets <= largest
    assert len(bindings) == max(1, (largest - 46) // 66)
    assert asyncio.run(session.wire_bindings(NAMES, 99)) == table[: len(bindings)]


def test_the_last_of_equal_oids_counts() -> None:
    twice = [entry("1.3.6.1.2.1.1.5.0", 4, b"old"), entry("1.3.6.1.2.1.1.5.0", 4, b"new")]
    assert asyncio.run(RecordedSession(twice).get([twice[0].oid])) == {twice[0].oid: b"new"}
