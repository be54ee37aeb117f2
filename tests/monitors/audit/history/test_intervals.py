"""Observations become the same intervals in whatever order they come."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitors.audit.history.intervals import (
    ControlState,
    Failure,
    Interval,
    ObservationTime,
    add_observation,
    failures,
    last_good,
)
from monitors.audit.model.controls import Severity
from monitors.audit.model.results import Outcome

START = datetime(2026, 3, 1, tzinfo=UTC)
FAIL, PASS, ERROR, SKIP = (
    ControlState(Severity.HIGH, outcome, waived=False)
    for outcome in (Outcome.FAIL, Outcome.PASS, Outcome.ERROR, Outcome.SKIP)
)


def day(number: int) -> datetime:
    return START + timedelta(days=number)


def observed(*states: ControlState | None) -> tuple[Interval, ...]:
    """Return the intervals of one observation a day, in order."""
    return observed_in_order(list(enumerate(states)))


def observed_in_order(history: Sequence[tuple[int, ControlState | None]]) -> tuple[Interval, ...]:
    intervals: tuple[Interval, ...] = ()
    times: list[datetime] = []
    for number, state in history:
        at = day(number)
        previous = max((t for t in times if t < at), default=None)
        following = min((t for t in times if t > at), default=None)
        intervals = add_observation(intervals, ObservationTime(at, previous, following), state)
        times.append(at)
    return intervals


def test_an_error_between_failures_does_not_mend_and_does_not_begin_anew() -> None:
    all_failures = tuple(failures(observed(PASS, FAIL, ERROR, FAIL, SKIP, FAIL)))
    assert all_failures == (Failure(FAIL, day(1), mended=None, passed=day(0)),)


def test_an_error_or_skip_after_a_failure_leaves_it_unmended() -> None:
    for unknown in (ERROR, SKIP, None):
        assert tuple(failures(observed(FAIL, unknown))) == (Failure(FAIL, day(0), None),)


def test_a_pass_mends_and_the_next_failure_is_another() -> None:
    all_failures = tuple(failures(observed(FAIL, ERROR, PASS, PASS, FAIL)))
    assert all_failures == (
        Failure(FAIL, day(0), day(2)),
        Failure(FAIL, day(4), None, passed=day(3)),
    )


def test_last_good_is_the_last_time_seen_passing_not_the_first() -> None:
    assert last_good(observed(PASS, PASS, ERROR, FAIL)) == day(1)
    assert last_good(observed(FAIL, ERROR)) is None


def test_what_does_not_change_is_one_interval_that_lasts() -> None:
    assert observed(PASS, PASS, PASS) == (Interval(PASS, day(0), day(2)),)


def test_a_control_that_left_the_table_and_came_back_is_another_interval() -> None:
    assert observed(PASS, None, PASS) == (
        Interval(PASS, day(0), day(0), ended=day(1)),
        Interval(PASS, day(2), day(2)),
    )


def test_a_late_observation_with_another_outcome_splits_an_interval() -> None:
    assert observed_in_order([(0, PASS), (1, PASS), (3, PASS), (2, FAIL)]) == (
        Interval(PASS, day(0), day(1), ended=day(2)),
        Interval(FAIL, day(2), day(2), ended=day(3)),
        Interval(PASS, day(3), day(3)),
    )


@pytest.mark.parametrize(
    "time",
    [ObservationTime(day(1), day(0)), ObservationTime(day(1), None, day(2))],
    ids=["none after", "none before"],
)
def test_an_observation_within_an_interval_must_name_both_beside_it(time: ObservationTime) -> None:
    with pytest.raises(ValueError, match="has one on either side"):
        add_observation((Interval(PASS, day(0), day(2)),), time, FAIL)


HISTORIES = st.lists(st.sampled_from([PASS, FAIL, ERROR, SKIP, None]), min_size=1, max_size=9)


@given(HISTORIES, st.randoms(use_true_random=False))
def test_the_order_in_which_observations_come_makes_no_difference(
    states: list[ControlState | None], random: Random
) -> None:
    shuffled = list(enumerate(states))
    random.shuffle(shuffled)
    assert observed_in_order(shuffled) == observed(*states)


@given(HISTORIES)
def test_intervals_say_of_every_day_what_was_observed_then(
    states: list[ControlState | None],
) -> None:
    intervals = observed(*states)
    for number, expected in enumerate(states):
        then = [s.state for s in intervals if s.since <= day(number) <= s.last]
        assert then == ([] if expected is None else [expected])
    assert all(one.last < other.since for one, other in pairwise(intervals))
    assert all(s.state != after.state or s.ended != after.since for s, after in pairwise(intervals))
