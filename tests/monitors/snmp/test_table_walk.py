"""Columns read together: smaller sizes where large ones fail, lies end their own column only."""

import asyncio
from collections.abc import Sequence

import pytest

from monitors.snmp import oid
from monitors.snmp.client import (
    BadAnswerError,
    BulkResponse,
    NoAnswerError,
    Raw,
    SnmpError,
    TooBigError,
    WireBinding,
)
from monitors.snmp.recording.recorded_session import RecordedSession
from monitors.snmp.request_size import (
    GOOD_RESPONSES,
    LOOK_EVERY,
    MOST_AT_ONCE,
    MOST_BINDINGS,
    RequestSize,
)
from monitors.snmp.table_walk import TableWalk, walk_table
from monitors.snmp.wire import ber, pdu

BASE = "1.3.6.1.4.1.32473.1"
COLUMNS = [oid.encode(f"{BASE}.{column}") for column in (1, 2, 3)]


def entries(rows: int) -> list[WireBinding]:
    return [
        WireBinding(column + oid.arcs((row,)), ber.INTEGER, bytes((place,)))
        for place, column in enumerate(COLUMNS)
        for row in range(1, rows + 1)
    ]


def page(*bindings: tuple[bytes, int, bytes]) -> BulkResponse:
    data = b"".join(pdu.binding(*binding) for binding in bindings)
    return BulkResponse(data, 0, len(data), len(data))


class Agent(RecordedSession):
    """A recorded agent that fails when more than ``most`` bindings are asked of it.

    With ``alone`` it answers nothing when several questions come at once.
    """

    def __init__(
        self,
        rows: int,
        most: int = 10**6,
        error: type[SnmpError] = NoAnswerError,
        *,
        alone: bool = False,
    ) -> None:
        super().__init__(entries(rows))
        self.most, self._error, self._alone = most, error, alone
        self.questions = self.together = 0

    async def bulk(self, oids: Sequence[bytes], repetitions: int) -> BulkResponse:
        self.questions += 1
        if len(oids) * repetitions > self.most:
            raise self._error("lost")
        return await super().bulk(oids, repetitions)

    async def next_apart(self, oids: Sequence[bytes]) -> list[WireBinding | SnmpError]:
        if self.most < 1:
            return [self._error("lost") for _ in oids]
        return await super().next_apart(oids)

    async def get(self, oids: Sequence[bytes]) -> dict[bytes, Raw]:
        if self.most < 1:
            raise self._error("lost")
        return await super().get(oids)

    async def bulk_all(
        self, questions: Sequence[tuple[Sequence[bytes], int]]
    ) -> list[BulkResponse | SnmpError]:
        self.together = max(self.together, len(questions))
        if self._alone and len(questions) > 1:
            first = await super().bulk(*questions[0])
            return [first, *[NoAnswerError("lost")] * (len(questions) - 1)]
        return await super().bulk_all(questions)


class Saying(RecordedSession):
    """An agent that answers every question with one page."""

    def __init__(self, said: BulkResponse) -> None:
        super().__init__(())
        self._said = said

    async def bulk(self, oids: Sequence[bytes], repetitions: int) -> BulkResponse:
        return self._said


def indexes(rows: int) -> list[bytes]:
    return [oid.arcs((row,)) for row in range(1, rows + 1)]


def test_a_dead_device_is_asked_as_before_when_it_is_back() -> None:
    sizes = RequestSize()
    with pytest.raises(NoAnswerError):
        asyncio.run(walk_table(Agent(rows=5, most=0), TableWalk.of(COLUMNS), sizes))
    assert sizes.bindings == MOST_BINDINGS


@pytest.mark.parametrize("error", [NoAnswerError, TooBigError])
@pytest.mark.parametrize("most", [1, 2, 3, 7, 20])
def test_the_size_that_gets_through_is_learned_and_kept(most: int, error: type[SnmpError]) -> None:
    sizes, agent = RequestSize(), Agent(rows=20, most=most, error=error)
    first, second = TableWalk.of(COLUMNS), TableWalk.of(COLUMNS)
    asyncio.run(walk_table(agent, first, sizes))
    assert [len(cells) for cells in first.cells] == [20, 20, 20]
    assert sizes.bindings < MOST_BINDINGS
    agent.questions = 0
    asyncio.run(walk_table(agent, second, sizes))
    assert second.cells == first.cells
    assert agent.questions <= 3 * 21 + 2, "one refused at most for each column read apart"


def test_after_many_good_answers_a_larger_size_is_tried_again() -> None:
    sizes = RequestSize(bindings=4)
    for _ in range(GOOD_RESPONSES):
        sizes.learn(COLUMNS[0], 1, 1, BulkResponse(b"", 0, 100, 140))
    assert sizes.bindings == 8


def test_rows_are_asked_for_as_many_as_fit_one_packet() -> None:
    sizes = RequestSize()
    sizes.learn(COLUMNS[0], 4, 4, BulkResponse(b"", 0, 4 * 257, 4 * 257 + 46))
    assert sizes.rows(COLUMNS[0], 13) == 5
    sizes.learn(COLUMNS[0], 5, 5, BulkResponse(b"", 0, 5 * 257, 5 * 257 + 140))
    assert sizes.rows(COLUMNS[0], 13) == 4


def test_an_agent_that_cuts_its_answers_short_is_asked_for_what_it_gives() -> None:
    sizes = RequestSize()
    sizes.learn(COLUMNS[0], 20, 6, BulkResponse(b"", 0, 6 * 50, 400))
    assert sizes.rows(COLUMNS[0], 3) == 6


@pytest.mark.parametrize(
    ("said", "message"),
    [
        pytest.param(
            page((COLUMNS[0] + b"\x05", 2, b"\x01"), (COLUMNS[0] + b"\x02", 2, b"\x01")),
            "not increasing",
            id="back",
        ),
        pytest.param(
            page((COLUMNS[0] + b"\x05", 2, b"\x01")), "not increasing", id="the same for ever"
        ),
        pytest.param(page(), "nothing in it", id="an empty answer"),
        pytest.param(
            page((COLUMNS[0] + b"\x85", 2, b"\x01")), "without an end", id="an index cut short"
        ),
        pytest.param(BulkResponse(b"\x30\x7f\x06\x01", 0, 4, 4), "ends", id="octets cut short"),
        pytest.param(BulkResponse(b"\x04\x02ab", 0, 4, 4), "expected tag", id="no binding"),
    ],
)
def test_a_violation_of_the_protocol_is_reported(said: BulkResponse, message: str) -> None:
    with pytest.raises(BadAnswerError, match=message):
        asyncio.run(walk_table(Saying(said), TableWalk.of(COLUMNS[:1]), RequestSize()))


def test_a_value_of_an_unknown_type_is_reported_and_costs_no_other() -> None:
    odd = WireBinding(COLUMNS[1] + b"\x03", 0x4F, b"\x01")
    reading = TableWalk.of(COLUMNS)
    with pytest.raises(BadAnswerError, match="unknown type 0x4f"):
        asyncio.run(walk_table(RecordedSession([*entries(5), odd]), reading, RequestSize()))
    assert [len(cells) for cells in reading.cells] == [5, 5, 5]
    assert reading.cells[1][b"\x03"] is None


def test_a_column_that_lies_ends_alone() -> None:
    class Lying(RecordedSession):
        async def bulk(self, oids: Sequence[bytes], repetitions: int) -> BulkResponse:
            said = await super().bulk(oids, repetitions)
            bindings = pdu.wire_bindings(said.data, said.start, said.end)
            back = WireBinding(COLUMNS[1] + b"\x01", ber.INTEGER, b"\x01")
            return page(
                *(back if entry.oid == COLUMNS[1] + b"\x07" else entry for entry in bindings)
            )

    reading = TableWalk.of(COLUMNS)
    with pytest.raises(BadAnswerError, match="not increasing"):
        asyncio.run(walk_table(Lying(entries(10)), reading, RequestSize()))
    assert [len(cells) for cells in reading.cells] == [10, 6, 10]


def both(agent: Agent, known: int, sizes: RequestSize) -> TableWalk:
    """Read a table whose ``known`` rows were there the last time."""
    reading = TableWalk.of(COLUMNS)
    asyncio.run(walk_table(agent, reading, sizes, tuple(indexes(known))))
    return reading


def test_known_rows_are_asked_for_at_several_places_at_once() -> None:
    agent = Agent(rows=100)
    assert [len(cells) for cells in both(agent, 100, RequestSize()).cells] == [100] * 3
    assert agent.together == MOST_AT_ONCE


@pytest.mark.parametrize("rows", [0, 1, 40, 99, 101, 140])
def test_a_table_that_grew_or_shrank_is_read_as_it_is(rows: int) -> None:
    assert [len(cells) for cells in both(Agent(rows), 100, RequestSize()).cells] == [rows] * 3


def test_rows_that_changed_places_are_all_read() -> None:
    session = RecordedSession(
        WireBinding(column + oid.arcs((row,)), ber.INTEGER, b"\x01")
        for column in COLUMNS
        for row in range(1, 200, 2)
    )
    reading = TableWalk.of(COLUMNS)
    asyncio.run(walk_table(session, reading, RequestSize(), tuple(indexes(100))))
    assert [len(cells) for cells in reading.cells] == [100] * 3


def test_new_rows_at_the_end_are_seen_within_ten_polls() -> None:
    sizes = RequestSize()
    both(Agent(rows=100), 100, sizes)
    counts = [len(both(Agent(rows=103), 100, sizes).cells[0]) for _ in range(LOOK_EVERY)]
    assert (counts[0], max(counts)) == (100, 103)


def test_a_device_that_drops_questions_is_asked_one_at_a_time_from_then_on() -> None:
    sizes = RequestSize()
    assert [len(c) for c in both(Agent(rows=100, alone=True), 100, sizes).cells] == [100] * 3
    assert sizes.window == 1
    agent = Agent(rows=100)
    both(agent, 100, sizes)
    assert agent.together == 0


def test_indexes_of_several_octets_are_in_order() -> None:
    wanted = [(1,), (127,), (128,), (16383,), (16384,), (2**32 - 1,)]
    session = RecordedSession(
        WireBinding(COLUMNS[0] + oid.arcs(index), ber.INTEGER, b"\x01") for index in wanted
    )
    reading = TableWalk.of(COLUMNS[:1])
    asyncio.run(walk_table(session, reading, RequestSize()))
    assert [oid.numbers(index) for index in reading.cells[0]] == wanted


def test_the_end_of_the_view_ends_a_column() -> None:
    reading = TableWalk.of(COLUMNS[:1])
    said = page((COLUMNS[0] + b"\x01", 2, b"\x01"), (COLUMNS[0] + b"\x01", 0x82, b""))
    asyncio.run(walk_table(Saying(said), reading, RequestSize()))
    assert reading.cells == ({b"\x01": 1},)


def test_numbers_keep_their_sign() -> None:
    said = page((COLUMNS[0] + b"\x01", ber.INTEGER, b"\xff"), (COLUMNS[0] + b"\x02", 0x41, b"\xff"))
    walk = TableWalk.of(COLUMNS[:1])
    walk.take(said)
    assert walk.cells[0] == {b"\x01": -1, b"\x02": 255}


def test_an_oid_without_an_index_ends_a_column_and_is_no_lie() -> None:
    walk = TableWalk.of(COLUMNS[:1])
    walk.take(page((COLUMNS[0], ber.INTEGER, b"\x01")))
    assert (walk.cells[0], walk.active, walk.violations) == ({}, [], [])


@pytest.mark.parametrize("size", [0, 2])
def test_a_value_ends_where_its_binding_does(size: int) -> None:
    data = bytearray(page((COLUMNS[0] + b"\x01", ber.INTEGER, b"\x01")).data)
    data[-2] = size
    with pytest.raises(BadAnswerError):
        TableWalk.of(COLUMNS[:1]).take(BulkResponse(bytes(data), 0, len(data), len(data)))


def test_a_binding_ends_within_the_response() -> None:
    whole = page((COLUMNS[0] + b"\x01", ber.INTEGER, b"\x01")).data
    with pytest.raises(BadAnswerError):
        TableWalk.of(COLUMNS[:1]).take(BulkResponse(whole, 0, len(whole) - 1, len(whole)))


def test_the_number_of_rows_is_kept_for_the_next_time() -> None:
    sizes = RequestSize()
    asyncio.run(walk_table(Agent(rows=7), TableWalk.of(COLUMNS), sizes))
    assert sizes.row_counts == {COLUMNS[0]: 7}
