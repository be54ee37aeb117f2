"""When a service must answer; what hours must not say is in cases/inventory/hours_*.yml."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.enums import Weekday
from inventory.model.service_hours import OpenHours, ServiceHours
from inventory.service_hours import most_due, must_answer, share_of_week
from inventory.source import Source, read_source

source = read_source(Path(__file__).parent / "cases" / "service_hours.yml")
assert isinstance(source, Source)
CASES: Any = source.data
NOW = datetime(2027, 1, 15, 3, tzinfo=UTC)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["why"])
def test_hours_by_the_clock_of_their_zone(case: dict[str, Any]) -> None:
    hours = ServiceHours.model_validate(case["hours"])
    moments = [(moment, True) for moment in case["inside"]]
    moments += [(moment, False) for moment in case["outside"]]
    for moment, expected in moments:
        when = datetime.fromisoformat(moment).replace(tzinfo=UTC)
        assert must_answer(hours, when) is expected, moment
    assert share_of_week(hours) * 7 * 24 == pytest.approx(case["week"])


def test_without_hours_always() -> None:
    assert must_answer(None, NOW)
    assert share_of_week(None) == 1


@pytest.mark.parametrize(
    ("days", "start", "end", "length", "most"),
    [
        ("monday", "08:00", "10:00", 1, 1),
        ("monday", "08:00", "10:00", 72, 2),
        ("monday tuesday", "08:00", "10:00", 24, 2),
        ("monday tuesday", "08:00", "10:00", 26, 4),
        # From one week into the next, and over midnight.
        ("saturday sunday monday", "20:00", "04:00", 72, 24),
        ("sunday", "20:00", "04:00", 6, 6),
    ],
)
def test_so_much_is_due_of_a_time_at_most(
    days: str, start: str, end: str, length: int, most: int
) -> None:
    opened = OpenHours(days=tuple(map(Weekday, days.split())), start=start, end=end)
    hours = ServiceHours(timezone="Etc/UTC", open=(opened,))
    assert most_due(hours, timedelta(hours=length)) == timedelta(hours=most)


clocks = st.builds("{:02}:{:02}".format, st.integers(0, 23), st.integers(0, 59))
spans = st.builds(
    lambda days, ends: OpenHours(days=tuple(days), start=ends[0], end=ends[1]),
    st.sets(st.sampled_from(Weekday), min_size=1),
    st.tuples(clocks, clocks).filter(lambda ends: ends[0] != ends[1]),
)


@given(st.lists(spans, min_size=1, max_size=3))
def test_the_share_is_that_of_the_weeks_minutes(opened: list[OpenHours]) -> None:
    hours = ServiceHours(timezone="Etc/UTC", open=tuple(opened))
    covered = sum(
        must_answer(hours, datetime(2027, 1, 4 + day, hour, minute, tzinfo=UTC))
        for day in range(7)
        for hour in range(24)
        for minute in (0, 13, 26, 39, 52)
    )
    # So many samples tell it to within 15 minutes for each beginning and end.
    ends = 2 * 7 * len(opened)
    assert abs(covered / 840 - share_of_week(hours)) <= ends * 15 / 10080
