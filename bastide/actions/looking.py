"""Looks at hosts: each is read once, held against its accepted look and the inventory, and kept."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bastide.support.errors import CommandError, Exit
from bastide.support.estate import EstateContext
from inventory.connections import connection
from inventory.entries import InventoryHost, hosts
from inventory.levels import is_only_read
from inventory.logins import administrators
from inventory.outputs import kept_outputs
from inventory.secrets import resolve
from monitors.collection.bundle import FetchFailure
from monitors.inspection.commands import commands_of_look
from monitors.inspection.drift import against_inventory, compared, not_compared, since_last_look
from monitors.inspection.looks import Look, LookError, Newest, accept, accepted, keep
from monitors.inspection.visit import log_in_and_read
from monitors.preflight.attempts import Attempts, remembered
from monitors.ssh.failures import SshFailure
from monitors.ssh.transport import Way
from monitors.workers import workers

READERS = 16


@dataclass(frozen=True, slots=True)
class LookResult:
    """What a look came to; `first`: there was none before, so it was accepted."""

    look: Look
    newest: Newest
    first: bool


@dataclass(frozen=True, slots=True)
class FailedLook:
    """Why a host could not be looked at; nothing of it was kept."""

    host: str
    problem: str


def choose(context: EstateContext, names: Sequence[str]) -> tuple[InventoryHost, ...]:
    """Return the named hosts; without names, those that are logged in to and not changed.

    What Bastide changes is no drift, and what it promises there the hourly audit judges.
    """
    if not names:
        return tuple(filter(is_only_read, hosts(context.estate)))
    return tuple(_entry(context, name) for name in dict.fromkeys(names))


def look_at(
    context: EstateContext,
    entries: Sequence[InventoryHost],
    *,
    accept_it: bool = False,
    key: Path | None = None,
    on_host: Callable[[str], None] = lambda _: None,
) -> tuple[LookResult | FailedLook, ...]:
    """Read hosts, some at a time, and compare; one that fails is a value among the results.

    `key` is the private key to log in with, by default what the inventory says. A login that was
    refused before is not tried again. `on_host` is told of each as it ends, from any thread.
    """

    def look_at_one(entry: InventoryHost) -> LookResult | FailedLook:
        read = _read(context, entry, attempts, key)
        on_host(entry.name)
        if isinstance(read, FailedLook):
            return read
        return _compare(context, entry, read, accept_it=accept_it)

    with (
        remembered(context.state) as attempts,
        workers(min(READERS, len(entries))) as pool,
    ):
        return tuple(pool.map(look_at_one, entries))


def read_host(context: EstateContext, name: str) -> tuple[InventoryHost, Look]:
    """Log in to a host of the inventory once and read it; CommandError says what stopped it."""
    entry = _entry(context, name)
    with remembered(context.state) as attempts:
        read = _read(context, entry, attempts, None)
    if isinstance(read, FailedLook):
        raise CommandError(read.problem, Exit.COULD_NOT_CHECK)
    return entry, read


def _entry(context: EstateContext, name: str) -> InventoryHost:
    entries = {entry.name: entry for entry in hosts(context.estate)}
    if name not in entries:
        raise CommandError(
            f"{name}: no such host in the inventory\n    expected: one of {', '.join(entries)}\n"
            "    do: correct it, or run `bastide host adopt`",
            Exit.WRONG_USE,
        )
    return entries[name]


def _read(
    context: EstateContext, entry: InventoryHost, attempts: Attempts, key: Path | None
) -> Look | FailedLook:
    outputs = kept_outputs(context.estate.estate, context.state)
    way_in = connection(entry, context.state, outputs, key)
    way = Way(agent_keys=tuple(line for who in administrators(entry) for line in who.keys))
    find = partial(resolve, state=context.state)
    read = attempts.log_in(
        way_in,
        lambda: log_in_and_read(way_in, find, commands_of_look(), way),
        lambda result: result.login if isinstance(result, FetchFailure) else None,
    )
    if isinstance(read, SshFailure):
        return FailedLook(entry.name, f"{read.name}: {read.problem}")
    if isinstance(read, FetchFailure):
        return FailedLook(entry.name, read.problem)
    return Look(host=entry.name, at=time.time(), inspection=read)


def _compare(
    context: EstateContext, entry: InventoryHost, look: Look, *, accept_it: bool
) -> LookResult | FailedLook:
    try:
        before = accepted(context.state, entry.name)
    except LookError as error:
        return FailedLook(entry.name, str(error))
    first = before is None
    if before is None or accept_it:
        before = look.model_copy(update={"inspection": compared(look.inspection)})
        accept(context.state, before)
    differences = (
        *since_last_look(before.inspection, look.inspection),
        *against_inventory(entry, look.inspection),
    )
    result = Newest(
        host=entry.name,
        at=look.at,
        accepted=before.at,
        differences=tuple(sorted(differences, key=lambda d: (d.kind, d.since, d.text))),
        not_compared=not_compared(look.inspection),
    )
    keep(context.state, result)
    return LookResult(look, result, first)
