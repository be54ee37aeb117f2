"""Whether a maintenance window is open, and when it opens next."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from inventory.enums import Weekday
from inventory.model.restart_window import RestartWindow

CLOSED = timedelta(0)
WEEK_DAYS = 7


def time_left(window: RestartWindow | None, now: datetime) -> timedelta:
    """Return how long a window stays open, zero while it is closed; `now` has a time zone."""
    if window is None:
        return CLOSED
    lengths = (end - now for start, end in _openings(window, now) if start <= now < end)
    return max(lengths, default=CLOSED)


def next_opening(window: RestartWindow, now: datetime) -> datetime:
    """Return when a window opens next, in its own time zone."""
    return min(start for start, _ in _openings(window, now) if start > now).astimezone(
        ZoneInfo(window.timezone)
    )


def _openings(window: RestartWindow, now: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Yield begin and end of the openings from yesterday's to the same day of next week, in UTC."""
    zone, days = ZoneInfo(window.timezone), tuple(Weekday)
    today = now.astimezone(zone).date()
    past_midnight = window.end < window.start
    for offset in range(-1, WEEK_DAYS + 1):
        day = today + timedelta(days=offset)
        if days[day.weekday()] in window.days:
            last = day + timedelta(days=1) if past_midnight else day
            yield _at(day, window.start, zone), _at(last, window.end, zone)


def _at(day: date, clock: str, zone: ZoneInfo) -> datetime:
    """Return a time of day as UTC: times of one zone are compared without its summer time."""
    return datetime.combine(day, time.fromisoformat(clock), zone).astimezone(UTC)
