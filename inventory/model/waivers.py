"""Accepted deviations from controls: waivers.yml."""

from datetime import date

from pydantic import Field

from inventory.frozen import Frozen
from inventory.scalars import CONTROL_ID, text

ESTATE_SCOPE = "estate"
LONGEST_WAIVER_DAYS = 365


class Waiver(Frozen):
    """An accepted deviation from a control: owned, approved by somebody else, and ended."""

    control: str = text(CONTROL_ID)
    scope: str = Field(
        min_length=1, description="a full host name, a municipality id, central, or estate"
    )
    reason: str = Field(min_length=10, description="why the control cannot hold now")
    owner: str = Field(min_length=2, description="who asked for it and works on its end")
    approver: str = Field(min_length=2, description="who accepts the risk: not the owner")
    measure: str = Field(min_length=10, description="what lowers the risk meanwhile")
    granted: date = Field(description="the first day in force; may lie ahead")
    expires: date = Field(
        description=f"the last day in force, at most {LONGEST_WAIVER_DAYS} days after `granted`"
    )

    def in_force(self, day: date) -> bool:
        """Whether it counts on a day: from `granted` to `expires`, both included."""
        return self.granted <= day <= self.expires


class WaiverFile(Frozen):
    """What waivers.yml holds."""

    waivers: tuple[Waiver, ...] = ()
