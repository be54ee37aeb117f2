"""Accepted deviations from controls and from provisioning's policies: waivers.yml."""

from datetime import date

from pydantic import Field

from inventory.frozen import Frozen
from inventory.scalars import CONTROL_ID, POLICY_ID, text

ESTATE_SCOPE = "estate"
LONGEST_WAIVER_DAYS = 365


class Deviation(Frozen):
    """An accepted deviation: owned, approved by somebody else, and ended."""

    scope: str = Field(
        min_length=1, description="a full host name, a municipality id, central, or estate"
    )
    reason: str = Field(min_length=10, description="why it cannot hold now")
    owner: str = Field(min_length=2, description="who asked for it and works on its end")
    approver: str = Field(min_length=2, description="who accepts the risk: not the owner")
    measure: str = Field(min_length=10, description="what lowers the risk meanwhile")
    granted: date = Field(description="the first day in force; may lie ahead")
    expires: date = Field(
        description=f"the last day in force, at most {LONGEST_WAIVER_DAYS} days after `granted`"
    )

    @property
    def waived(self) -> str:
        """The id of what is waived."""
        raise NotImplementedError

    def in_force(self, day: date) -> bool:
        """Whether it counts on a day: from `granted` to `expires`, both included."""
        return self.granted <= day <= self.expires


class Waiver(Deviation):
    """An accepted deviation from a control."""

    control: str = text(CONTROL_ID)

    @property
    def waived(self) -> str:
        """The control's id."""
        return self.control


class PolicyWaiver(Deviation):
    """An accepted deviation from a policy of provisioning (infra.policies)."""

    policy: str = text(POLICY_ID)

    @property
    def waived(self) -> str:
        """The policy's id."""
        return self.policy


class WaiverFile(Frozen):
    """What waivers.yml holds."""

    waivers: tuple[Waiver, ...] = ()
    policies: tuple[PolicyWaiver, ...] = Field(
        default=(), description="accepted deviations from the policies of provisioning"
    )
