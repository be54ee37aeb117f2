"""When hosts may be restarted."""

from typing import Annotated, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from inventory.enums import Weekday
from inventory.frozen import Frozen
from inventory.scalars import TimeOfDay, TimezoneName


class RestartWindow(Frozen):
    """When a host may be restarted: from `start` to `end` on some days, past midnight too."""

    days: tuple[Weekday, ...] = Field(
        default=tuple(Weekday), min_length=1, description="the days that it begins on; default: all"
    )
    start: TimeOfDay
    end: TimeOfDay = Field(description="after midnight when it is not later than `start`")
    timezone: TimezoneName

    @model_validator(mode="after")
    def _lasts(self) -> Self:
        if self.start == self.end:
            raise PydanticCustomError("window_empty", "begins and ends at the same time")
        return self


RestartWindowField = Annotated[
    RestartWindow | None,
    Field(
        description="when hosts may be restarted for updates; of estate and municipality, the "
        "narrower counts; default: they are never restarted"
    ),
]
