"""A look at a host: read once, held against the accepted look and the inventory, kept."""

import time
from dataclasses import dataclass
from functools import partial

from bastide.support.errors import CommandError, Exit
from bastide.support.estate import EstateContext
from inventory.connections import connection
from inventory.entries import InventoryHost, hosts
from inventory.outputs import Outputs, OutputsError
from inventory.secrets import resolve
from monitors.collection.bundle import FetchFailure
from monitors.inspection.commands import commands_of_look
from monitors.inspection.drift import against_inventory, not_compared, since_last_look
from monitors.inspection.looks import Look, LookError, Newest, accept, accepted, keep
from monitors.inspection.visit import log_in_and_read


@dataclass(frozen=True, slots=True)
class LookResult:
    """What a look came to; `first`: there was none before, so it was accepted."""

    look: Look
    newest: Newest
    first: bool


def look_at(context: EstateContext, name: str, *, accept_it: bool = False) -> LookResult:
    """Read a host and compare; CommandError when it cannot be read, and nothing is kept then."""
    entry, look = read_host(context, name)
    try:
        before = accepted(context.state, name)
    except LookError as error:
        raise CommandError(str(error), Exit.COULD_NOT_CHECK) from None
    first = before is None
    if before is None or accept_it:
        accept(context.state, look)
        before = look
    differences = (
        *since_last_look(before.inspection, look.inspection),
        *against_inventory(entry, look.inspection),
    )
    result = Newest(
        host=name,
        at=look.at,
        accepted=before.at,
        differences=tuple(sorted(differences, key=lambda d: (d.kind, d.since, d.text))),
        not_compared=not_compared(look.inspection),
    )
    keep(context.state, result)
    return LookResult(look, result, first)


def read_host(context: EstateContext, name: str) -> tuple[InventoryHost, Look]:
    """Log in to a host of the inventory once and read it; CommandError says what stopped it."""
    entry = _entry(context, name)
    return entry, _read(context, entry)


def _entry(context: EstateContext, name: str) -> InventoryHost:
    entries = {entry.name: entry for entry in hosts(context.estate)}
    if name not in entries:
        raise CommandError(
            f"{name}: no such host in the inventory\n    expected: one of {', '.join(entries)}\n"
            "    do: correct it, or run `bastide host adopt`",
            Exit.WRONG_USE,
        )
    return entries[name]


def _read(context: EstateContext, entry: InventoryHost) -> Look:
    way = connection(entry, context.state, _outputs(context))
    read = log_in_and_read(way, partial(resolve, state=context.state), commands_of_look())
    if isinstance(read, FetchFailure):
        raise CommandError(read.problem, Exit.COULD_NOT_CHECK)
    return Look(host=entry.name, at=time.time(), inspection=read)


def _outputs(context: EstateContext) -> Outputs | None:
    """Return what provisioning left; an estate that was only adopted has nothing of it."""
    try:
        return context.outputs
    except OutputsError:
        return None
