"""What is found in what an engine would do: the resources that it would take away."""

from collections.abc import Iterator

from infra.errors import Problem
from infra.policies.model import Breach, Check, Removal
from inventory.entries import tenants
from inventory.model.estate import Estate

KINDS_WITH_DATA = frozenset({"Machine", "Volume"})
"""The last part of a type token `bastide:<driver>:<Kind>` whose resources somebody has filled."""

NOT_OURS_TO_DELETE = frozenset({"existing"})
"""Drivers that leave what they name alone when it goes."""

TO_TRY_THINGS_ON = frozenset({"lab"})


def data_lost(*, lab: bool) -> Check:
    """Return the check for what has data and would be deleted, of the lab or of all else."""

    def check(estate: Estate, removals: tuple[Removal, ...]) -> Iterator[Breach]:
        for one in removals:
            if has_data(one.type) and (_driver(one.type) in TO_TRY_THINGS_ON) == lab:
                yield Breach(_tenant(estate, one.name), _problem(one))

    return check


def has_data(type_: str) -> bool:
    """Say whether deleting a resource of this type would take somebody's data away."""
    package, _, rest = type_.partition(":")
    driver, _, kind = rest.partition(":")
    return package == "bastide" and driver not in NOT_OURS_TO_DELETE and kind in KINDS_WITH_DATA


def _driver(type_: str) -> str:
    return type_.split(":")[1]


def _problem(one: Removal) -> Problem:
    kind = one.type.rsplit(":", 1)[-1].lower()
    what = f"the {kind} would be deleted"
    return Problem(
        one.name,
        expected="what has data to stay",
        found=f"{what} and made anew, empty" if one.replaced else what,
        advice="see that a drill has restored its data, then write a waiver; or undo the change "
        "in the inventory",
    )


def _tenant(estate: Estate, name: str) -> str:
    """Return the tenant that a resource's name begins with: it may be of no tenant any more."""
    first = name.split("-", 1)[0]
    return first if first in {tenant.id for tenant in tenants(estate)} else ""
