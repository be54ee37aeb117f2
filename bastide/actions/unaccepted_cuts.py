"""Existing servers are read anew before they are changed: what would be cut off was it accepted?"""

from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import as_completed
from dataclasses import dataclass, field
from functools import partial

from bastide.actions.acceptance import nobody_left, unread_of_impact
from bastide.support.estate import EstateContext
from inventory.connections import connection
from inventory.entries import InventoryHost, hosts
from inventory.levels import level
from inventory.outputs import kept_outputs
from inventory.secrets import resolve
from monitors.collection.bundle import FetchFailure
from monitors.inspection.commands import commands_of_impact
from monitors.inspection.impact import Cut, impact
from monitors.inspection.model import Inspection
from monitors.inspection.visit import log_in_and_read
from monitors.preflight.attempts import Attempts, remembered
from monitors.ssh.failures import SshFailure
from monitors.workers import workers

READERS = 16
MOST_CUTS = 5
"""So many are shown of a host; `bastide host impact` has them all."""

OnHost = Callable[[str, int], None]


@dataclass(frozen=True, slots=True)
class Review:
    """What was found of existing servers, in words, by host.

    `new`: what would be cut off beyond what was accepted; nothing may be changed anywhere.
    `unread`: why a host could not be read; it is left as it is.
    """

    new: dict[str, str] = field(default_factory=dict)
    unread: dict[str, str] = field(default_factory=dict)


def review(
    context: EstateContext, names: Collection[str], on_host: OnHost = lambda _, __: None
) -> Review:
    """Log in to each host once, some at a time, and compare; `on_host` is told how many are left.

    A login that was refused before is not tried again.
    """
    entries = [entry for entry in hosts(context.estate) if entry.name in names]
    result = Review()
    with (
        remembered(context.state) as attempts,
        workers(min(READERS, len(entries))) as pool,
    ):
        reading = {pool.submit(_read, context, entry, attempts): entry for entry in entries}
        for number, done in enumerate(as_completed(reading), start=1):
            entry, read = reading[done], done.result()
            on_host(entry.name, len(entries) - number)
            if problem := _unread(read):
                result.unread[entry.name] = _left_alone(entry, problem)
            elif isinstance(read, Inspection) and (found := new_cuts(context, entry, read)):
                result.new[entry.name] = found
    return result


def _read(
    context: EstateContext, entry: InventoryHost, attempts: Attempts
) -> Inspection | FetchFailure:
    outputs = kept_outputs(context.estate.estate, context.state)
    way = connection(entry, context.state, outputs)
    find = partial(resolve, state=context.state)
    result = attempts.log_in(
        way,
        lambda: log_in_and_read(way, find, commands_of_impact()),
        lambda read: read.login if isinstance(read, FetchFailure) else None,
    )
    if isinstance(result, SshFailure):
        return FetchFailure(f"{result.name}: {result.problem}", result)
    return result


def _unread(read: Inspection | FetchFailure) -> str:
    if isinstance(read, FetchFailure):
        return read.problem
    return "; ".join(unread_of_impact(read))


def _left_alone(entry: InventoryHost, problem: str) -> str:
    return (
        f"{entry.name}: it could not be read, so it is left as it is"
        "\n    expected: a host that tells what its level would cut off"
        f"\n    found: {problem}"
        f"\n    do: mend that (bastide host check {entry.name}), and run this again"
    )


def new_cuts(context: EstateContext, entry: InventoryHost, inspection: Inspection) -> str:
    """Return what a host's level would cut off beyond what it accepts, in words; else nothing."""
    result = impact(entry, inspection, level(entry))
    accepts = entry.host.accepts
    accepted = accepts.cuts if accepts else ()
    new = [cut for cut in result.cuts if cut.key not in accepted]
    if not new:
        return nobody_left(context, entry, inspection, result)
    by = f"what {accepts.by} accepted on {accepts.date}" if accepts else "nothing was accepted"
    return "\n".join(
        (
            f"{entry.name}: {result.level} would cut off more than {by}; "
            "nothing was changed on any host",
            "    expected: no more than what stands under accepts: at the host",
            "    do: declare what is to go on, as is said below; or accept the rest anew: "
            f'bastide host impact {entry.name} --level {result.level} --accept "YOUR NAME" --write',
            *_lines(new),
        )
    )


def _lines(new: Sequence[Cut]) -> Iterator[str]:
    for cut in new[:MOST_CUTS]:
        yield f"    found: {cut.what}"
        yield f"      to keep it: {cut.keep}"
    if len(new) > MOST_CUTS:
        yield f"    and {len(new) - MOST_CUTS} more"
