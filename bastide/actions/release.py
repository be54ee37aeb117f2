"""Letting an existing server go: what Bastide did there is undone, then the inventory says so."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bastide.actions.rollback import Rollback, roll_back
from bastide.actions.tenant_file import check, file_of, no_place, replace_text
from bastide.support.errors import CommandError, Exit
from bastide.support.estate import EstateContext
from inventory.entries import InventoryHost, hosts
from inventory.enums import Level, ProviderName
from inventory.levels import is_managed
from monitors.inspection.suggestion.insert import (
    NoPlaceError,
    remove_item,
    remove_keys,
    set_keys,
)

ORIGINAL = "original"
"""All runs that there ever were, as the hosts' records call it."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A host's file as it was read, and as it is to be."""

    file: Path
    before: str
    after: str


def release(context: EstateContext, name: str, entry: Entry, *, dry: bool, force: bool) -> Rollback:
    """Undo everything on a host; when all is back, write its entry. A dry run does neither."""
    result = roll_back(context, ORIGINAL, [name], dry=dry, force=force)
    if result.complete and not dry:
        replace_text(entry.file, entry.before, entry.after)
    return result


def planned_entry(context: EstateContext, name: str, *, remove: bool) -> Entry:
    """Return the file of a host with the host at watch, or without it; CommandError: not valid.

    It is looked at before the host is touched, so that no host is let go and still configured.
    """
    host = releasable(context, name)
    file = file_of(context, host.tenant)
    before = file.read_text("utf-8")
    change: Callable[[str, str], str] = without if remove else at_watch
    try:
        after = change(before, host.host.id)
    except NoPlaceError as error:
        raise no_place(file, error) from None
    check(context, file, after)
    return Entry(file, before, after)


def without(text: str, host_id: str) -> str:
    """Return a municipality's text without a host."""
    return remove_item(text, "hosts", host_id)


def at_watch(text: str, host_id: str) -> str:
    """Return a municipality's text with a host at watch, at which nothing is accepted."""
    level = {"manage": (f"manage: {Level.WATCH}",)}
    return set_keys(remove_keys(text, "hosts", host_id, ["accepts"]), "hosts", host_id, level)


def releasable(context: EstateContext, name: str) -> InventoryHost:
    """Return a host that can be released; CommandError for any other, with what to do."""
    host = next((entry for entry in hosts(context.estate) if entry.name == name), None)
    if host is None:
        names = ", ".join(entry.name for entry in hosts(context.estate))
        raise CommandError(f"{name}: no such host; expected one of: {names}", Exit.WRONG_USE)
    if host.provider is not ProviderName.EXISTING:
        raise CommandError(
            f"{name}: Bastide made it, so there is nothing before it to go back to; "
            "`bastide infra destroy` takes away what was made",
            Exit.WRONG_USE,
        )
    if not is_managed(host):
        raise CommandError(
            f"{name}: nothing was changed there at its level\n    expected: baseline or full, as "
            "it was configured\n    do: take it out of the inventory, or leave it to be watched",
            Exit.WRONG_USE,
        )
    return host
