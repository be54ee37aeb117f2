"""Who is on call at a time, until when, and who takes over."""

from collections.abc import Iterator, Set
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from inventory.enums import Weekday
from inventory.maintenance_windows import moments
from inventory.model.notify import Notify
from inventory.model.rotas import Person, Rota, Shift

ONE_DAY, ONE_MINUTE = timedelta(days=1), timedelta(minutes=1)
# A change is looked for so far ahead: a quarter's turn, and holidays on the way.
HORIZON_DAYS = 200


@dataclass(frozen=True, slots=True)
class Turn:
    """Who is on call; `until` (UTC) and `following` are None where nobody ever takes over."""

    person: Person
    until: datetime | None
    following: Person | None


def turn(notify: Notify, rota: Rota, now: datetime) -> Turn | None:
    """Return who is on call now (with a time zone); None when nobody is.

    The clock on the wall counts: in the night in which an hour comes twice, so does who is on call
    in it.
    """
    people = {person.id: person for person in notify.people}
    current, before = _at(rota, now), now
    if current not in people:
        return None
    for moment in _moments(rota, now):
        if _at(rota, moment) != current:
            until = _change(rota, before, moment)
            return Turn(people[current], until, people.get(_at(rota, until) or ""))
        before = moment
    return Turn(people[current], None, None)


class Hours(Protocol):
    """Hours of days of the week: a shift's, or those of a service."""

    @property
    def days(self) -> tuple[Weekday, ...]:
        """The days that they begin on; none: all."""

    @property
    def start(self) -> str | None:
        """The time of day; None: whole days."""

    @property
    def end(self) -> str | None:
        """The time of day, on the next day when it is not later than `start`."""

    @property
    def holidays(self) -> bool:
        """Whether they begin on holidays, too."""


def covers(shift: Hours, local: datetime, holidays: Set[date]) -> bool:
    """Whether hours cover a time of their clock; `holidays`: on which others do not begin."""
    if not shift.days and shift.start is None:
        return True
    today, clock = local.date(), local.time()
    if shift.start is None or shift.end is None:
        return _begins_on(shift, today, holidays)
    start, end = time.fromisoformat(shift.start), time.fromisoformat(shift.end)
    begun = clock >= start and _begins_on(shift, today, holidays)
    if start < end:
        return begun and clock < end
    return begun or (clock < end and _begins_on(shift, today - ONE_DAY, holidays))


def clock_changes(rota: Rota) -> tuple[time, ...]:
    """Return the times of day at which somebody else may be on call."""
    times = {"00:00"}
    for shift in rota.shifts:
        times |= {shift.start or "00:00", shift.end or "00:00", shift.handover}
    return tuple(sorted(map(time.fromisoformat, times)))


def _begins_on(shift: Hours, day: date, holidays: Set[date]) -> bool:
    if day in holidays and not shift.holidays:
        return False
    return not shift.days or tuple(Weekday)[day.weekday()] in shift.days


def _at(rota: Rota, moment: datetime) -> str | None:
    local = moment.astimezone(ZoneInfo(rota.timezone)).replace(tzinfo=None)
    holidays = frozenset(rota.holidays)
    for shift in rota.shifts:
        if covers(shift, local, holidays):
            return _whose_turn(shift, local)
    return None


def _whose_turn(shift: Shift, local: datetime) -> str:
    if shift.first is None:
        return shift.people[0]
    begun = datetime.combine(shift.first, time.fromisoformat(shift.handover))
    return shift.people[(local - begun) // timedelta(days=shift.every_days) % len(shift.people)]


def _moments(rota: Rota, after: datetime) -> Iterator[datetime]:
    """Yield when somebody else may be on call (UTC), in order: all that times of a clock mean."""
    zone, clocks = ZoneInfo(rota.timezone), clock_changes(rota)
    today = after.astimezone(zone).date()
    for days in range(HORIZON_DAYS):
        shown = [datetime.combine(today + days * ONE_DAY, clock) for clock in clocks]
        meant = {moment for local in shown for moment in moments(local, zone)}
        yield from sorted(moment for moment in meant if moment > after)


def _change(rota: Rota, before: datetime, after: datetime) -> datetime:
    """Return the minute (UTC) at which who is on call at `before` is relieved.

    Mostly it is `after` itself; a clock that leaps relieves by a time that it never shows.
    """
    current = _at(rota, before)
    while after - before > ONE_MINUTE:
        half = before + (after - before) / 2
        before, after = (half, after) if _at(rota, half) == current else (before, half)
    return after.replace(second=0, microsecond=0)
