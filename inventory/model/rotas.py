"""Who is on call: people, and the rotas in which they take turns."""

from datetime import date
from typing import Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from inventory.enums import Weekday
from inventory.frozen import Frozen
from inventory.model.hours import refuse_half_hours
from inventory.model.maintenance_windows import Person as PersonName
from inventory.scalars import (
    Email,
    Id,
    MatrixRoom,
    NtfyTopic,
    PhoneNumber,
    TelegramChat,
    TimeOfDay,
    TimezoneName,
)


class Person(Frozen):
    """Somebody who is on call in turns; each address serves the channels of its kind."""

    id: Id
    name: PersonName
    phone: PhoneNumber
    email: Email | None = None
    matrix: MatrixRoom | None = Field(default=None, description="a room with them alone")
    ntfy: NtfyTopic | None = Field(default=None, description="the topic that they listen to")
    telegram: TelegramChat | None = Field(default=None, description="their chat with the bot")


class Shift(Frozen):
    """Hours in which one of some people is on call; without `days` and hours, all the time.

    The clock is that of the rota's time zone.
    """

    people: tuple[Id, ...] = Field(min_length=1, description="who take turns, by their ids")
    days: tuple[Weekday, ...] = Field(
        default=(), description="the days that it begins on; default: all"
    )
    start: TimeOfDay | None = None
    end: TimeOfDay | None = Field(
        default=None, description="on the next day when it is not later than `start`"
    )
    holidays: bool = Field(
        default=False, description="whether a shift with days or hours begins on holidays, too"
    )
    first: date | None = Field(
        default=None, description="the day on which the first of several people begins"
    )
    every_days: int = Field(default=7, ge=1, le=92, description="how long a turn lasts")
    handover: TimeOfDay = Field(default="08:00", description="when the next one takes over")

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        refuse_half_hours(self.start, self.end)
        if len(self.people) > 1 and self.first is None:
            raise PydanticCustomError("no_turns", "has several people: give `first`, a date")
        if len(set(self.people)) < len(self.people):
            raise PydanticCustomError("turn_twice", "names somebody twice")
        return self


class Rota(Frozen):
    """Who is on call when: the first of its shifts that covers a time counts."""

    id: Id
    timezone: TimezoneName
    holidays: tuple[date, ...] = Field(
        default=(), description="days on which shifts with days or hours do not begin"
    )
    shifts: tuple[Shift, ...] = Field(min_length=1)
