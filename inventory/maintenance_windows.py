"""When maintenance windows are open, in real time."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from inventory.model.maintenance_windows import MaintenanceWindow

ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Opening:
    """One time that a window is open: from `start` to before `end`, both in UTC."""

    start: datetime
    end: datetime


def openings(window: MaintenanceWindow, since: datetime, until: datetime) -> Iterator[Opening]:
    """Yield the openings that share time with `since` to `until` (with time zones), in order.

    A time of the clock that comes twice, or never, in the night of a change is taken for the wider
    window: from the earlier moment that it can mean to the later one.
    """
    for start, end in _local(window, since, until):
        zone = ZoneInfo(window.timezone)
        opening = Opening(min(moments(start, zone)), max(moments(end, zone)))
        if opening.start < until and since < opening.end:
            yield opening


def moments(local: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return what a time of a zone's clock can mean, in UTC: mostly twice the same."""
    first, second = (local.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    return first, second


def exists(local: datetime, zone: ZoneInfo) -> bool:
    """Whether a zone's clock ever shows a time; in spring it leaps over some."""
    return moments(local, zone)[0].astimezone(zone).replace(tzinfo=None) == local


def _local(
    window: MaintenanceWindow, since: datetime, until: datetime
) -> Iterator[tuple[datetime, datetime]]:
    """Yield begin and end by the window's own clock."""
    if window.once:
        yield datetime.fromisoformat(window.once.start), datetime.fromisoformat(window.once.end)
    if weekly := window.weekly:
        # An opening lasts less than a day, and a date is a day off at most in another zone.
        day = max(weekly.first, since.astimezone(UTC).date() - 2 * ONE_DAY)
        last = min(weekly.last, until.astimezone(UTC).date() + ONE_DAY)
        while day <= last:
            if weekly.begins_on(day):
                next_day = day + ONE_DAY if weekly.end < weekly.start else day
                yield _at(day, weekly.start), _at(next_day, weekly.end)
            day += ONE_DAY


def _at(day: date, clock: str) -> datetime:
    return datetime.combine(day, time.fromisoformat(clock))
