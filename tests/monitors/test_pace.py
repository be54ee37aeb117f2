"""Both bounds hold, whatever happens to those who wait for a place."""

import asyncio
import itertools
import time

import pytest

from monitors.pace import Pace

PER_SECOND, AT_ONCE = 50, 4
# A clock tells microseconds; a sleep may end that much early.
CLOCK = 0.001


def begun(pace: Pace, probes: int, inside_seconds: float) -> tuple[list[float], int]:
    """Return when probes began, and how many were inside at most."""
    times: list[float] = []
    inside = most = 0

    async def probe() -> None:
        nonlocal inside, most
        async with pace:
            times.append(time.monotonic())
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(inside_seconds)
            inside -= 1

    async def main() -> None:
        await asyncio.gather(*(probe() for _ in range(probes)))

    asyncio.run(main())
    return times, most


def test_no_two_probes_begin_too_close_to_each_other() -> None:
    times, _ = begun(Pace(PER_SECOND, 100), 25, 0)
    gaps = [later - earlier for earlier, later in itertools.pairwise(times)]
    assert min(gaps) >= 1 / PER_SECOND - CLOCK


def test_what_was_late_is_not_caught_up_with_a_burst() -> None:
    pace, times = Pace(PER_SECOND, 100), list[float]()

    async def probe() -> None:
        async with pace:
            times.append(time.monotonic())

    async def main() -> None:
        await probe()
        time.sleep(0.2)
        await asyncio.gather(*(probe() for _ in range(5)))

    asyncio.run(main())
    assert min(b - a for a, b in itertools.pairwise(times)) >= 1 / PER_SECOND - CLOCK


def test_no_more_are_under_way_than_may_be() -> None:
    _, most = begun(Pace(1000, AT_ONCE), 20, 0.02)
    assert most == AT_ONCE


def test_a_probe_that_fails_or_is_given_up_leaves_its_place() -> None:
    pace = Pace(1000, 1)

    async def main() -> None:
        with pytest.raises(OSError, match="no way"):
            async with pace:
                raise OSError("no way")
        async with pace:
            waiting = asyncio.create_task(pace.__aenter__())
            await asyncio.sleep(0.01)
            waiting.cancel()
        async with asyncio.timeout(1), pace:
            pass

    asyncio.run(main())
