"""Whether a service must answer now, and how much of a week that is."""

from datetime import date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from inventory.model.service_hours import ServiceHours
from inventory.on_call import covers

# Any week without holidays does, from a Monday on.
MONDAY = date(2027, 1, 4)
ONE_WEEK = timedelta(days=7)


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
    start = datetime.combine(MONDAY, time())
    moments = sorted({*_changes(hours), start, start + ONE_WEEK})
    # Hours of the Sunday before that end on the Monday are found at its beginning.
    covered = [end - begin for begin, end in pairwise(moments) if _covered(hours, begin)]
    return sum(covered, timedelta(0)) / ONE_WEEK


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
