"""The hours in which a service must answer, where it need not do so always."""

from datetime import date
from typing import Self

from pydantic import Field, model_validator

from inventory.enums import Weekday
from inventory.frozen import Frozen
from inventory.model.hours import refuse_half_hours
from inventory.scalars import TimeOfDay, TimezoneName


class OpenHours(Frozen):
    """Hours of some days of the week; without `start` and `end`, the whole days."""

    days: tuple[Weekday, ...] = Field(min_length=1, description="the days that they begin on")
    start: TimeOfDay | None = None
    end: TimeOfDay | None = Field(
        default=None, description="on the next day when it is not later than `start`"
    )
    holidays: bool = Field(default=False, description="whether they begin on holidays, too")

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        refuse_half_hours(self.start, self.end)
        return self


class ServiceHours(Frozen):
    """When a service must answer, by the clock of a time zone."""

    timezone: TimezoneName
    open: tuple[OpenHours, ...] = Field(min_length=1)
    holidays: tuple[date, ...] = Field(
        default=(), description="days on which no hours begin, unless these say so"
    )
