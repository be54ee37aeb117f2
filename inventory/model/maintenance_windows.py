"""Announced work, during which nobody is woken: maintenance.yml."""

from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from inventory.enums import Weekday
from inventory.frozen import Frozen
from inventory.scalars import LocalTime, TimeOfDay, TimezoneName

LONGEST_WINDOW = timedelta(days=14)
LONGEST_REPETITION_DAYS = 366
Person = Annotated[str, StringConstraints(strip_whitespace=True, min_length=2)]
Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=5)]
WeekOfMonth = Literal[1, 2, 3, 4, 5, -1]


class Once(Frozen):
    """Work at one time; both ends are told by the clock of the window's time zone."""

    start: LocalTime
    end: LocalTime

    @model_validator(mode="after")
    def _lasts(self) -> Self:
        length = self._moment(self.end) - self._moment(self.start)
        if length <= timedelta(0):
            raise PydanticCustomError("window_order", "ends before it begins")
        if length > LONGEST_WINDOW:
            raise PydanticCustomError("window_long", "is open for more than 14 days")
        return self

    @staticmethod
    def _moment(local: str) -> datetime:
        return datetime.fromisoformat(local).replace(tzinfo=UTC)


class Weekly(Frozen):
    """Work that comes back, on days of every week or of some weeks of the month."""

    days: tuple[Weekday, ...] = Field(min_length=1, description="the days that it begins on")
    weeks: tuple[WeekOfMonth, ...] = Field(
        default=(),
        description="which of these days in a month: 1 is the first, -1 the last; default: all",
    )
    start: TimeOfDay
    end: TimeOfDay = Field(description="after midnight when it is not later than `start`")
    first: date = Field(description="the first day that it may begin on")
    last: date = Field(
        description=f"the last such day, at most {LONGEST_REPETITION_DAYS} days after `first`"
    )

    @model_validator(mode="after")
    def _ends(self) -> Self:
        if self.start == self.end:
            raise PydanticCustomError("window_empty", "begins and ends at the same time")
        if self.last < self.first:
            raise PydanticCustomError("window_order", "ends before it begins")
        if (self.last - self.first).days > LONGEST_REPETITION_DAYS:
            raise PydanticCustomError("window_long", "comes back for more than a year")
        return self

    def begins_on(self, day: date) -> bool:
        """Whether it begins on a day."""
        if not self.first <= day <= self.last or tuple(Weekday)[day.weekday()] not in self.days:
            return False
        from_start, from_end = (day.day - 1) // 7 + 1, (day + timedelta(days=7)).month != day.month
        return not self.weeks or from_start in self.weeks or (from_end and -1 in self.weeks)


class MaintenanceWindow(Frozen):
    """When somebody works on what: nobody is notified of it, and no goal is missed by it."""

    scope: str = Field(
        min_length=1,
        description="estate, central, a municipality's id, or the full name "
        "(<municipality>-<id>) of a host, device or service",
    )
    why: Reason = Field(description="what is done")
    who: Person = Field(description="who does it and can be asked")
    timezone: TimezoneName
    once: Once | None = None
    weekly: Weekly | None = None

    @model_validator(mode="after")
    def _has_one_time(self) -> Self:
        if (self.once is None) is (self.weekly is None):
            raise PydanticCustomError("one_time", "has one time: give `once` or `weekly`")
        return self


class MaintenanceFile(Frozen):
    """What maintenance.yml holds."""

    maintenance: tuple[MaintenanceWindow, ...] = ()
