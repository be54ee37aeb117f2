"""Whether a service must answer now, and how much of a week that is."""

from datetime import date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from inventory.model.service_hours import ServiceHours
from inventory.on_call import covers

# Any week without holidays does, from a Monday on.
MONDAY = date(2027, 1, 4)
ONE_WEEK, ZERO = timedelta(days=7), timedelta(0)


def must_answer(hours: ServiceHours | None, now: datetime) -> bool:
    """Whether a time (with a time zone) is in a service's hours; without hours, always.

    The clock on the wall counts: what is open from 02:00 to 03:00 is so for two hours in the night
    in which that hour comes twice.
    """
    if hours is None:
        return True
    local = now.astimezone(ZoneInfo(hours.timezone)).replace(tzinfo=None)
    return _covered(hours, local)


def share_of_week(hours: ServiceHours | None) -> float:
    """Return how much of a week without holidays a service must answer, from 0 to 1."""
    if hours is None:
        return 1.0
    return sum((end - begin for begin, end in _open(hours)), ZERO) / ONE_WEEK


def most_due(hours: ServiceHours | None, length: timedelta) -> timedelta:
    """Return how much of a time that long, a week at most, a service must answer at most."""
    if hours is None:
        return length
    spans = [(b + week, e + week) for b, e in _open(hours) for week in (-ONE_WEEK, ZERO, ONE_WEEK)]
    # The most is in what begins or ends with one of them.
    starts = {begin for begin, _ in spans} | {end - length for _, end in spans}
    within = (
        sum((max(ZERO, min(e, start + length) - max(b, start)) for b, e in spans), ZERO)
        for start in starts
    )
    return max(within, default=ZERO)


def _open(hours: ServiceHours) -> list[tuple[datetime, datetime]]:
    """Return when a service must answer in a week without holidays."""
    start = datetime.combine(MONDAY, time())
    moments = sorted({*_changes(hours), start, start + ONE_WEEK})
    # Hours of the Sunday before that end on the Monday are found at its beginning.
    return [(begin, end) for begin, end in pairwise(moments) if _covered(hours, begin)]


def _covered(hours: ServiceHours, local: datetime) -> bool:
    without = frozenset(hours.holidays)
    return any(covers(one, local, without) for one in hours.open)


def _changes(hours: ServiceHours) -> set[datetime]:
    """Return when a week's hours may begin or end."""
    clocks = {clock or "00:00" for one in hours.open for clock in (one.start, one.end)} | {"00:00"}
    return {
        datetime.combine(MONDAY + timedelta(days=day), time.fromisoformat(clock))
        for day in range(7)
        for clock in clocks
    }
