"""The estate that a command works on: its folder, its values and its state."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from bastide.support.errors import CommandError, Exit
from inventory.entries import Tenant, tenants
from inventory.levels import refusals
from inventory.load import find_estate, load_estate
from inventory.model.estate import Estate
from inventory.outputs import Outputs, load_outputs
from inventory.own import Own
from inventory.paths import state_directory
from inventory.problems import InventoryError


@dataclass(frozen=True)
class EstateContext:
    """An estate, where it was read from and where its generated files are."""

    folder: Path
    estate: Estate
    state: Path

    @cached_property
    def outputs(self) -> Outputs:
        """The outputs of provisioning; OutputsError when nothing is provisioned."""
        return load_outputs(self.state)


def own_of(wanted: str | None) -> Own:
    """Return what an estate brings of its own, for commands that work without one as well.

    Nothing where no estate was named and the current folder is in none. InventoryError when the
    estate is wrong.
    """
    try:
        folder = find_estate(wanted)
    except InventoryError:
        if wanted is not None:
            raise
        return Own()
    return load_estate(folder).own


def estate_context(wanted: str | None) -> EstateContext:
    """Read the estate given by folder or name; InventoryError lists every problem."""
    folder = find_estate(wanted)
    estate = load_estate(folder)
    return EstateContext(folder, estate, state_directory(estate.estate))


def tenant_of(context: EstateContext, municipality: str) -> Tenant:
    """Return a municipality or the central site; CommandError for an unknown one."""
    there = {tenant.id: tenant for tenant in tenants(context.estate)}
    if municipality not in there:
        raise CommandError(
            f"no municipality {municipality!r}; expected one of: {', '.join(there)}",
            Exit.WRONG_USE,
        )
    return there[municipality]


def refuse_unacknowledged(context: EstateContext) -> None:
    """Raise CommandError when the inventory asks to change an existing server unacknowledged."""
    problems = refusals(context.estate)
    if problems:
        raise CommandError("\n".join(problems), Exit.WRONG_USE)
