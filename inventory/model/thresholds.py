"""From which value on something is told: of all hosts and services of an estate."""

from typing import Annotated, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from inventory.frozen import Frozen

Ratio = Annotated[float, Field(gt=0, lt=1)]
Days = Annotated[float, Field(gt=0, le=366)]
# What is told first, and what must be less than it, since it is worse.
STEPS = (
    ("disk_nearly_full_ratio", "disk_full_ratio"),
    ("certificate_ticket_ratio", "certificate_page_ratio"),
    ("certificate_ticket_days", "certificate_page_days"),
)


class Thresholds(Frozen):
    """Names with their units; the rules have the same defaults, for when nobody tells them."""

    disk_nearly_full_ratio: Ratio = Field(
        default=0.1, description="free share of a file system below which a ticket is written"
    )
    disk_full_ratio: Ratio = Field(
        default=0.03, description="free share of a file system below which somebody is called"
    )
    files_nearly_exhausted_ratio: Ratio = Field(
        default=0.05, description="free share of inodes below which a ticket is written"
    )
    memory_nearly_exhausted_ratio: Ratio = Field(
        default=0.05, description="available share of memory below which a ticket is written"
    )
    certificate_ticket_ratio: Ratio = Field(
        default=0.3, description="share of a certificate's life left below which there is a ticket"
    )
    certificate_ticket_days: Days = Field(
        default=20, description="days left from which on no certificate gets a ticket"
    )
    certificate_page_ratio: Ratio = Field(
        default=0.1, description="share of a certificate's life left below which somebody is called"
    )
    certificate_page_days: Days = Field(
        default=5, description="days left from which on nobody is called for a certificate"
    )
    slow_seconds: float = Field(
        default=3,
        gt=0,
        le=5,
        description="how long services may take to answer, unless one says `within_seconds`",
    )
    clock_seconds: float = Field(
        default=30, gt=0, le=300, description="how wrong a host's clock may be"
    )
    restart_days: Days = Field(
        default=8,
        description="how long a host or a service may put off the restart that an update needs; "
        "longer than it is from one maintenance window to the next",
    )

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        for first, worse in STEPS:
            if getattr(self, worse) >= getattr(self, first):
                raise PydanticCustomError(
                    "threshold_order",
                    "{worse} is not less than {first}",
                    {"worse": worse, "first": first},
                )
        return self
