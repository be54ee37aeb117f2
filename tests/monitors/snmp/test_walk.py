"""Pages of a column: smaller when large ones get lost, never smaller for a dead device."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence

import pytest

from monitors.snmp.client import NoAnswerError, Page, Raw
from monitors.snmp.walk import REPETITIONS, PageSize, column

BASE = "1.3.6.1.4.1.32473"


class Lossy:
    """A session whose answers get lost when more than ``most`` rows are asked for."""

    def __init__(self, most: int) -> None:
        self._most = most

    async def get(self, oids: Sequence[str]) -> Mapping[str, Raw]:
        raise NotImplementedError

    async def walk(self, base: str, repetitions: int) -> AsyncIterator[Page]:
        if repetitions > self._most:
            raise NoAnswerError("lost")
        yield [(f"{base}.1", 10), (f"{base}.2.7", 20)]


def test_a_dead_device_is_asked_as_before_when_it_is_back() -> None:
    size = PageSize()
    with pytest.raises(NoAnswerError):
        asyncio.run(column(Lossy(most=0), BASE, size))
    assert size.repetitions == REPETITIONS[0]


@pytest.mark.parametrize("most", REPETITIONS)
def test_the_size_that_gets_through_is_kept(most: int) -> None:
    size = PageSize()
    rows = asyncio.run(column(Lossy(most), BASE, size))
    assert rows == {(1,): 10, (2, 7): 20}
    assert size.repetitions == most
    assert asyncio.run(column(Lossy(most), BASE, size)) == rows
