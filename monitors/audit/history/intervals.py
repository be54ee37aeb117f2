"""Intervals in which a control's state was the same; observations come in any order."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from monitors.audit.model.controls import Severity
from monitors.audit.model.results import Outcome


@dataclass(frozen=True, slots=True)
class ControlState:
    """What one observation says of a control."""

    severity: Severity
    outcome: Outcome
    waived: bool


@dataclass(frozen=True, slots=True)
class Interval:
    """Consecutive observations of the same state.

    `since` and `last` are the first and last of them, `ended` is the first of another state
    (or of no such control), None while none did.
    """

    state: ControlState
    since: datetime
    last: datetime
    ended: datetime | None = None


@dataclass(frozen=True, slots=True)
class ObservationTime:
    """When a host was observed, and its observations next to that; None where there is none."""

    at: datetime
    previous: datetime | None = None
    following: datetime | None = None


def add_observation(
    intervals: Sequence[Interval], time: ObservationTime, state: ControlState | None
) -> tuple[Interval, ...]:
    """Return a control's intervals with one more observation, sorted by time.

    `state` is None when the observation knows no such control. The order in which
    observations are given makes no difference to what comes out in the end.
    """
    around = next((s for s in intervals if s.since < time.at < s.last), None)
    if around is None:
        changed = _beside(intervals, time, state)
    elif around.state == state:
        changed = tuple(intervals)
    else:
        changed = (*(s for s in intervals if s is not around), *_split(around, time, state))
    return tuple(sorted(changed, key=lambda interval: interval.since))


def _split(
    around: Interval, time: ObservationTime, state: ControlState | None
) -> Iterator[Interval]:
    if time.previous is None or time.following is None:
        raise ValueError(f"an observation within {around} has one on either side")
    yield replace(around, last=time.previous, ended=time.at)
    if state:
        yield Interval(state, time.at, time.at, time.following)
    yield replace(around, since=time.following)


def _beside(
    intervals: Sequence[Interval], time: ObservationTime, state: ControlState | None
) -> tuple[Interval, ...]:
    left = next((s for s in intervals if s.last == time.previous), None)
    right = next((s for s in intervals if s.since == time.following), None)
    rest = tuple(s for s in intervals if s is not left and s is not right)
    joined_left = left is not None and left.state == state
    joined_right = right is not None and right.state == state
    written: list[Interval] = []
    if left and not joined_left:
        written.append(replace(left, ended=time.at))
    if right and not joined_right:
        written.append(right)
    if state:
        written.append(
            Interval(
                state,
                since=left.since if left and joined_left else time.at,
                last=right.last if right and joined_right else time.at,
                ended=right.ended if right and joined_right else time.following,
            )
        )
    return (*rest, *written)


@dataclass(frozen=True, slots=True)
class Failure:
    """A failure from when it was first seen; `mended` is when it was seen passing again.

    `passed`: when it was last seen passing before; None when it never was.
    """

    state: ControlState
    since: datetime
    mended: datetime | None
    passed: datetime | None = None


def failures(intervals: Sequence[Interval]) -> Iterator[Failure]:
    """Yield a control's failures in order; only a pass ends one, never an error or a skip."""
    began: Interval | None = None
    passed: datetime | None = None
    for interval in intervals:
        if interval.state.outcome is Outcome.FAIL and began is None:
            began = interval
        elif interval.state.outcome is Outcome.PASS:
            if began is not None:
                yield Failure(began.state, began.since, interval.since, passed)
                began = None
            passed = interval.last
    if began is not None:
        yield Failure(began.state, began.since, None, passed)


def last_good(intervals: Sequence[Interval]) -> datetime | None:
    """Return when a control was last seen passing, None when it never was."""
    return max((s.last for s in intervals if s.state.outcome is Outcome.PASS), default=None)
