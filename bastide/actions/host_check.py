"""The preflight of an estate's hosts: whether each can be logged in to and worked on."""

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path
from threading import Lock

from bastide.actions.this_machine import refuse_cutting_off
from bastide.support.errors import CommandError, Exit
from bastide.support.estate import EstateContext
from bastide.support.progress import Progress
from inventory.connections import connection
from inventory.entries import InventoryHost, hosts
from inventory.enums import Level, ProviderName
from inventory.files import make_folder
from inventory.hostvars import groups
from inventory.levels import at_least, is_managed, level
from inventory.logins import administrators
from inventory.outputs import Outputs, kept_outputs
from inventory.secrets import resolve
from monitors.audit.collect.host_bundle import fetch_bundle, has_collector
from monitors.audit.run import Fetch
from monitors.collection.bundle import FetchFailure
from monitors.preflight.attempts import Attempts, remembered
from monitors.preflight.check import failed
from monitors.preflight.fleet import PreflightTarget, check_all
from monitors.preflight.model import Readiness
from monitors.ssh.failures import SshFailure
from monitors.ssh.transport import Way


def choose(context: EstateContext, names: Sequence[str]) -> tuple[InventoryHost, ...]:
    """Return the named hosts; without names, those that are logged in to: at audit or above."""
    known = {entry.name: entry for entry in hosts(context.estate)}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise CommandError(
            f"not in estate {context.estate.estate}: {', '.join(unknown)}; "
            f"its hosts: {', '.join(known)}",
            Exit.WRONG_USE,
        )
    if names:
        return tuple(known[name] for name in dict.fromkeys(names))
    return tuple(entry for entry in known.values() if at_least(entry, Level.AUDIT))


def run(
    context: EstateContext,
    entries: Iterable[InventoryHost],
    progress: Progress,
    *,
    again: bool = False,
) -> tuple[Readiness, ...]:
    """Look at hosts and show each as it comes; OSError when the state cannot be written."""
    make_folder(context.state)
    outputs = kept_outputs(context.estate.estate, context.state)
    targets = [
        PreflightTarget(
            connection(entry, context.state, outputs),
            max(level(entry), Level.AUDIT, key=list(Level).index),
            Way(agent_keys=tuple(key for who in administrators(entry) for key in who.keys)),
        )
        for entry in entries
    ]
    find = partial(resolve, state=context.state)
    lock = Lock()  # a host's lines stay together

    def show_one(result: Readiness) -> None:
        with lock:
            show(progress, result)

    return check_all(targets, context.state, find, show_one, again=again)


def run_first(
    context: EstateContext, progress: Progress, entries: Iterable[InventoryHost] | None = None
) -> None:
    """Look at the hosts that will be logged in to; CommandError when one to change is not ready.

    `entries`: just these; by default all at audit or above. One that is only audited and is not
    ready is left to the audit, whose result it is.
    """
    chosen = tuple(logged_in(context) if entries is None else entries)
    refuse_cutting_off(chosen, context.state)
    results = run(context, chosen, progress) if chosen else ()
    managed = {entry.name for entry in chosen if is_managed(entry)}
    missing = [result for result in results if not result.ready and result.host in managed]
    if missing:
        raise CommandError(
            f"not ready: {', '.join(result.host for result in missing)}; nothing was changed on "
            "any host"
            "\n    expected: hosts that can be logged in to and worked on"
            "\n    do: what is said above for each, then `bastide host check`",
            exit_of(missing),
        )


@contextmanager
def remembering(
    context: EstateContext, progress: Progress, key: Path | None = None
) -> Iterator[Fetch]:
    """Yield how an audit fetches bundles: a login that is refused is shown, and never repeated.

    It logs in once to each host: what the preflight would say of the way in, the audit says. `key`
    is what hosts without a collector are logged in to with, by default what the inventory says.
    """
    lock = Lock()

    def fetch(
        attempts: Attempts,
        entry: InventoryHost,
        state: Path,
        outputs: Outputs,
        commands: Sequence[str],
    ) -> bytes | FetchFailure:
        if has_collector(entry):
            return fetch_bundle(entry, state, outputs, commands)
        way = connection(entry, state, outputs, key)
        result = attempts.log_in(
            way, lambda: fetch_bundle(entry, state, outputs, commands, key), _failed_login
        )
        if isinstance(result, SshFailure):
            result = FetchFailure(f"{entry.name}: {result.problem}", result)
        if failure := _failed_login(result):
            with lock:
                show(progress, failed(failure, way).readiness)
        return result

    with remembered(context.state) as attempts:
        yield partial(fetch, attempts)


def _failed_login(result: bytes | FetchFailure) -> SshFailure | None:
    return result.login if isinstance(result, FetchFailure) else None


def changed(context: EstateContext, pattern: str | None) -> Iterator[InventoryHost]:
    """Yield the existing hosts that a playbook may change, of those that `--limit` leaves.

    Rather too many than too few: of Ansible's patterns names, groups and wild cards are followed,
    the rest means all.
    """
    named = _named(context, pattern) if pattern and re.fullmatch(r"[\w*?,:.-]+", pattern) else None
    for entry in logged_in(context):
        if is_managed(entry) and (named is None or entry.name in named):
            yield entry


def _named(context: EstateContext, pattern: str) -> set[str]:
    members = {"all": [entry.name for entry in hosts(context.estate)], **groups(context.estate)}
    parts = re.split("[,:]", pattern)
    chosen = {name for name in members["all"] for part in parts if fnmatchcase(name, part)}
    for group, names in members.items():
        if any(fnmatchcase(group, part) for part in parts):
            chosen |= set(names)
    return chosen


def logged_in(context: EstateContext) -> Iterator[InventoryHost]:
    """Yield the hosts at audit or above; not the lab's, which Bastide made with their keys."""
    for entry in hosts(context.estate):
        if entry.provider is ProviderName.EXISTING and at_least(entry, Level.AUDIT):
            yield entry


def show(progress: Progress, result: Readiness) -> None:
    """Print what one host lacks, with what mends it; or that it is ready."""
    if result.ready:
        system = f", {result.system}" if result.system else ""
        progress.step(result.host, f"ready: {result.place}{system}")
    for finding in result.findings:
        progress.step(result.host, f"{finding.step}: {finding.problem}", good=False)
        progress.paste(finding.mend.where, finding.mend.command)


def exit_of(results: Iterable[Readiness]) -> Exit:
    """Return could-not-check when a host did not answer, findings when one lacks something."""
    listed = tuple(results)
    if not all(result.checked for result in listed):
        return Exit.COULD_NOT_CHECK
    return Exit.WELL if all(result.ready for result in listed) else Exit.FINDINGS
