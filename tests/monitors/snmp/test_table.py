"""Columns read together: smaller pages where large ones fail, lies end their own column only."""

import asyncio
from collections.abc import Sequence

import pytest

from monitors.snmp import oid
from monitors.snmp.client import (
    BadAnswerError,
    Binding,
    Missing,
    NoAnswerError,
    Raw,
    TooBigError,
    Typed,
)
from monitors.snmp.recording.session import RecordedSession
from monitors.snmp.table import MOST_BINDINGS, PATIENCE, PageSize, Reading, read
from monitors.snmp.wire import ber

BASE = "1.3.6.1.4.1.32473.1"
COLUMNS = [oid.encode(f"{BASE}.{column}") for column in (1, 2, 3)]


def entries(rows: int) -> list[Typed]:
    return [
        Typed(column + oid.arcs((row,)), ber.INTEGER, bytes((place,)))
        for place, column in enumerate(COLUMNS)
        for row in range(1, rows + 1)
    ]


class Agent(RecordedSession):
    """A recorded agent that fails when more than ``most`` bindings are asked of it."""

    def __init__(self, rows: int, most: int, error: type[Exception] = NoAnswerError) -> None:
        super().__init__(entries(rows))
        self.most, self._error = most, error
        self.questions = 0

    async def bulk(self, oids: Sequence[bytes], repetitions: int) -> tuple[list[Binding], int]:
        self.questions += 1
        if len(oids) * repetitions > self.most:
            raise self._error("lost")
        return await super().bulk(oids, repetitions)


class Saying:
    """An agent that answers every question with one page."""

    def __init__(self, *page: Binding) -> None:
        self._page = list(page)

    async def get(self, oids: Sequence[bytes]) -> dict[bytes, Raw]:
        raise NotImplementedError

    async def next(self, oids: Sequence[bytes]) -> list[Binding]:
        raise NotImplementedError

    async def bulk(self, oids: Sequence[bytes], repetitions: int) -> tuple[list[Binding], int]:
        return self._page, 100

    async def typed(self, oid: bytes, repetitions: int) -> list[Typed]:
        raise NotImplementedError


def test_a_dead_device_is_asked_as_before_when_it_is_back() -> None:
    pages = PageSize()
    with pytest.raises(NoAnswerError):
        asyncio.run(read(Agent(rows=5, most=0), Reading.of(COLUMNS), pages))
    assert pages.bindings == MOST_BINDINGS


@pytest.mark.parametrize("error", [NoAnswerError, TooBigError])
@pytest.mark.parametrize("most", [1, 2, 3, 7, 20])
def test_the_size_that_gets_through_is_found_and_kept(most: int, error: type[Exception]) -> None:
    pages, agent = PageSize(), Agent(rows=20, most=most, error=error)
    first, second = Reading.of(COLUMNS), Reading.of(COLUMNS)
    asyncio.run(read(agent, first, pages))
    assert [len(cells) for cells in first.cells] == [20, 20, 20]
    assert pages.bindings < MOST_BINDINGS
    agent.questions = 0
    asyncio.run(read(agent, second, pages))
    assert second.cells == first.cells
    assert agent.questions <= 3 * 21 + 2, "one refused at most for each column read apart"


def test_after_many_good_answers_a_larger_size_is_tried_again() -> None:
    pages = PageSize(bindings=4)
    for _ in range(PATIENCE):
        pages.answered(COLUMNS[0], 1, 100)
    assert pages.bindings == 8


def test_rows_are_asked_for_as_many_as_fit_one_packet() -> None:
    pages = PageSize()
    pages.answered(COLUMNS[0], rows=4, size=4 * 270)
    assert pages.rows(COLUMNS[0], 13) == 5


@pytest.mark.parametrize(
    ("page", "told"),
    [
        pytest.param([(COLUMNS[0] + b"\x05", 1), (COLUMNS[0] + b"\x02", 1)], "not increasing"),
        pytest.param([(COLUMNS[0] + b"\x05", 1)], "not increasing", id="the same page for ever"),
        pytest.param([], "nothing in it", id="an empty answer"),
    ],
)
def test_an_agent_that_lies_is_told(page: list[Binding], told: str) -> None:
    with pytest.raises(BadAnswerError, match=told):
        asyncio.run(read(Saying(*page), Reading.of(COLUMNS[:1]), PageSize()))


def test_a_column_that_lies_ends_alone() -> None:
    class Lying(RecordedSession):
        async def bulk(self, oids: Sequence[bytes], repetitions: int) -> tuple[list[Binding], int]:
            page, size = await super().bulk(oids, repetitions)
            back = (COLUMNS[1] + b"\x01", 1)
            return [back if name == COLUMNS[1] + b"\x07" else (name, v) for name, v in page], size

    reading = Reading.of(COLUMNS)
    with pytest.raises(BadAnswerError, match="not increasing"):
        asyncio.run(read(Lying(entries(10)), reading, PageSize()))
    assert [len(cells) for cells in reading.cells] == [10, 6, 10]


def test_indexes_of_several_octets_are_in_order() -> None:
    indexes = [(1,), (127,), (128,), (16383,), (16384,), (2**32 - 1,)]
    session = RecordedSession(
        Typed(COLUMNS[0] + oid.arcs(index), ber.INTEGER, b"\x01") for index in indexes
    )
    reading = Reading.of(COLUMNS[:1])
    asyncio.run(read(session, reading, PageSize()))
    assert [oid.numbers(index) for index in reading.cells[0]] == indexes


def test_the_end_of_the_view_ends_a_column() -> None:
    reading = Reading.of(COLUMNS[:1])
    last = (COLUMNS[0] + b"\x01", 1)
    asyncio.run(read(Saying(last, (COLUMNS[0] + b"\x01", Missing.END)), reading, PageSize()))
    assert reading.cells == ({b"\x01": 1},)
