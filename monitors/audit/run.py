"""Audits hosts in parallel, and keeps their bundles and results."""

import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from inventory.entries import InventoryHost
from inventory.entries import hosts as all_hosts
from inventory.enums import Level
from inventory.levels import at_least
from inventory.model.estate import Estate
from inventory.outputs import Outputs, OutputsError, load_outputs
from monitors.audit.archive.bundles import keep, keep_view, view_file
from monitors.audit.archive.retention import prune_daily
from monitors.audit.archive.runs import AuditError, save
from monitors.audit.collect.host_bundle import fetch_bundle, has_collector
from monitors.audit.evidence.inputs import keep_inputs
from monitors.audit.judge.command_list import asked_of, commands
from monitors.audit.judge.host_results import judge_host, unjudged
from monitors.audit.model.controls import ControlTable
from monitors.audit.model.declared import Declared, UndeclaredHostError, declared_of
from monitors.audit.model.own_controls import controls_of
from monitors.audit.model.results import AuditRun, HostAudit, WatchedHost
from monitors.audit.outside import Look, PendingView, begin, unaccounted
from monitors.collection.bundle import Bundle, BundleError, FetchFailure, unpack
from monitors.outside.document import OutsideView
from monitors.outside.look import look as look_from_here
from monitors.workers import workers

WORKERS = 16
# Each has up to a hundred connections open, and a process a thousand files.
LOOKERS = 8
CLOCK_TOLERANCE = timedelta(minutes=5)

OnEvent = Callable[[HostAudit], None]
Fetch = Callable[[InventoryHost, Path, Outputs, Sequence[str]], bytes | FetchFailure]


@dataclass(frozen=True, slots=True)
class Gathered:
    """What a host sent, as it came and as it reads, and when."""

    received: bytes
    bundle: Bundle
    at: datetime


class WatchedHostError(AuditError):
    """A host is only watched: nobody logs in to it."""


class ResultsNotKeptError(AuditError):
    """The run's results could not be written down; `run` has them."""

    def __init__(self, run: AuditRun, problem: str) -> None:
        """Take the results and why they could not be written."""
        super().__init__(problem)
        self.run = run


def run_audit(
    estate: Estate,
    state: Path,
    hosts: Sequence[str] | None = None,
    label: str = "audit",
    on_event: OnEvent = lambda _: None,
    fetch: Fetch = fetch_bundle,
    look: Look = look_from_here,
) -> AuditRun:
    """Audit hosts (default: all but those only watched), write the run's file, return the run.

    At level audit the collector is sent and leaves nothing; above it the installed one is asked.
    `fetch` brings a host's bundle, `look` sees the host from outside meanwhile; `on_event` gets
    each host's results as they come; all are called from worker threads. A host that cannot be
    asked has `error` for every control. Raises UndeclaredHostError when a name is not the estate's,
    WatchedHostError when nobody may log in to one, InventoryError when its own controls are wrong,
    AuditError when nothing can be kept (no host is asked then), ResultsNotKeptError when only the
    run's file could not be written.
    """
    chosen = _choose(estate, hosts)
    table, started = controls_of(estate.own), datetime.now(UTC)
    clock = time.monotonic()
    try:
        inputs = keep_inputs(
            state,
            table,
            estate.waivers,
            [declared_of(entry) for entry in chosen],
            estate.own.checks,
        )
    except OSError as error:
        raise AuditError(f"{_cannot_keep(state, error)}; no host was asked") from None

    audited = audit_all(chosen, table, estate, state, on_event, fetch, look)
    run = AuditRun(
        estate=estate.estate,
        label=label,
        started=started,
        seconds=round(time.monotonic() - clock, 3),
        **dict(inputs),
        whole=hosts is None,
        watched=_watched(estate) if hosts is None else (),
        hosts=tuple(sorted(audited, key=lambda host: host.host)),
    )
    try:
        save(run, state)
    except OSError as error:
        raise ResultsNotKeptError(run, _cannot_keep(state / "audits", error)) from None
    if any(not host.problem for host in run.hosts):  # a host's clock agrees with ours
        prune_daily(state, datetime.now(UTC))
    return run


def audit_all(
    chosen: Sequence[InventoryHost],
    table: ControlTable,
    estate: Estate,
    state: Path,
    on_event: OnEvent = lambda _: None,
    fetch: Fetch = fetch_bundle,
    look: Look = look_from_here,
) -> tuple[HostAudit, ...]:
    """Audit hosts, some at a time, and keep their bundles; return the results in order."""
    outputs = _outputs(state, estate)
    asked = {} if all(map(has_collector, chosen)) else commands(table, estate.own.checks)

    def audit_one(entry: InventoryHost) -> HostAudit:
        view = begin(entry, state, outputs, look, lookers, datetime.now(UTC))
        declared = declared_of(entry)
        wanted = asked_of(asked, declared.roles)
        fetch_one = partial(fetch, entry, state, outputs, wanted)
        audited = audit_host(fetch_one, declared, table, estate, state, view)
        on_event(audited)
        return audited

    with (
        workers(min(LOOKERS, len(chosen))) as lookers,
        workers(min(WORKERS, len(chosen))) as pool,
    ):
        return tuple(pool.map(audit_one, chosen))


def _cannot_keep(folder: Path, error: OSError) -> str:
    return f"{folder}: cannot keep the audit: {error.strerror}; make room there, then audit again"


def audit_host(
    fetch_one: Callable[[], bytes | FetchFailure],
    declared: Declared,
    table: ControlTable,
    estate: Estate,
    state: Path,
    view: PendingView | None = None,
) -> HostAudit:
    """Fetch, keep and judge one host's bundle; every failure becomes its `problem`.

    `view` is what is being seen of the host from outside.
    """
    started = time.monotonic()
    received = fetch_one()
    if isinstance(received, FetchFailure):
        return _unjudged(table, declared, received.problem, started)
    try:
        gathered, outside = _agreed(_gathered(received, declared.host), fetch_one, view)
        bundle, now = gathered.bundle, gathered.at
        path = keep(gathered.received, state, declared.host, now).relative_to(state)
        seen = keep_view(outside, state / path) if outside else b""
    except BundleError as error:
        return _unjudged(table, declared, f"{declared.host}: bad bundle: {error}", started)
    except OSError as error:
        problem = f"{declared.host}: cannot keep the bundle under {state}: {error.strerror}"
        return _unjudged(table, declared, f"{problem}; make room there, audit again", started)
    if wrong := _wrong_clock(bundle, now, path):
        return _unjudged(table, declared, f"{declared.host}: {wrong}", started)
    judged = judge_host(bundle, table, declared, estate.waivers, path, estate.own.checks, outside)
    return judged.model_copy(
        update={
            "bundle_sha256": hashlib.sha256(gathered.received).hexdigest(),
            **_kept(path, seen),
            "clock_offset_seconds": round(bundle.clock - now.timestamp(), 3),
            "seconds": round(time.monotonic() - started, 3),
        }
    )


def _agreed(
    first: Gathered, fetch_one: Callable[[], bytes | FetchFailure], pending: PendingView | None
) -> tuple[Gathered, OutsideView | None]:
    """Return what a host said, and what is seen of it from outside.

    Where something answers that the host names no process for, both are asked once more: the two
    look at different moments, and a service that is restarted between them hides from nobody.
    Raises BundleError when what was received then is no bundle of this host.
    """
    view = pending.complete(first.bundle) if pending else None
    if not (pending and view and unaccounted(first.bundle, view)):
        return first, view
    again = fetch_one()
    if isinstance(again, FetchFailure):
        return first, view
    second = _gathered(again, first.bundle.host)
    hidden = unaccounted(second.bundle, view)
    return second, pending.confirm(view, hidden) if hidden else view


def _gathered(received: bytes, name: str) -> Gathered:
    """Take what was received just now; BundleError when it is no bundle of that host."""
    at, bundle = datetime.now(UTC), unpack(received)
    if bundle.host != name:
        raise BundleError(f"it says that it is of {bundle.host!r}, expected {name!r}")
    return Gathered(received, bundle, at)


def _kept(bundle: Path, view: bytes) -> dict[str, str]:
    """Return where the view was kept beside its bundle, and its hash."""
    if not view:
        return {}
    return {
        "outside": str(view_file(bundle)),
        "outside_sha256": hashlib.sha256(view).hexdigest(),
    }


def _unjudged(table: ControlTable, declared: Declared, problem: str, started: float) -> HostAudit:
    return unjudged(table, declared, problem, round(time.monotonic() - started, 3))


def _wrong_clock(bundle: Bundle, now: datetime, path: Path) -> str | None:
    """Return what is wrong when the host's clock is far from ours, else None.

    Ages, certificates, terms of waivers: all are judged by the time of the bundle.
    """
    off = timedelta(seconds=round(bundle.clock - now.timestamp()))
    if abs(off) <= CLOCK_TOLERANCE:
        return None
    way = "ahead of" if off > timedelta(0) else "behind"
    return (
        f"its clock says {bundle.collected:%F %T} UTC, {abs(off)} {way} the auditor's "
        f"{now:%F %T}: ages and terms would be judged wrongly; see which of the two is wrong "
        f"(`chronyc tracking`), set it, audit again; what the host said is kept in {path}"
    )


def _choose(estate: Estate, names: Sequence[str] | None) -> list[InventoryHost]:
    """Return the named hosts, or all that may be logged in to."""
    declared = {entry.name: entry for entry in all_hosts(estate)}
    if names is None:
        return [entry for entry in declared.values() if at_least(entry, Level.AUDIT)]
    wanted = list(dict.fromkeys(names))
    if unknown := [name for name in wanted if name not in declared]:
        raise UndeclaredHostError(
            f"not in estate {estate.estate}: {', '.join(unknown)}; its hosts: {', '.join(declared)}"
        )
    if closed := [name for name in wanted if not at_least(declared[name], Level.AUDIT)]:
        raise WatchedHostError(
            f"not audited: {', '.join(closed)}: at level watch nobody logs in to a host; write "
            "`manage: audit` there to have it read, which changes nothing on it"
        )
    return [declared[name] for name in wanted]


def _watched(estate: Estate) -> tuple[WatchedHost, ...]:
    return tuple(
        WatchedHost(host=entry.name, municipality=entry.tenant.id)
        for entry in all_hosts(estate)
        if not at_least(entry, Level.AUDIT)
    )


def _outputs(state: Path, estate: Estate) -> Outputs:
    try:
        return load_outputs(state)
    except OutputsError:
        # Existing hosts need no provisioning; their addresses are in the inventory.
        return Outputs(estate=estate.estate)
