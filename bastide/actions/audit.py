"""An audit with all that belongs to it: results, a sealed link of the chain, history."""

import fcntl
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bastide.actions import witness
from bastide.support.estate import EstateContext
from inventory.files import make_folder
from inventory.model.estate import Estate
from inventory.model.waivers import Waiver
from monitors.audit import replay
from monitors.audit.collect.host_bundle import fetch_bundle
from monitors.audit.evidence.chain import FOLDER, ChainError, Link, load_chain
from monitors.audit.evidence.inputs import CONTROLS, WAIVERS, InputsError
from monitors.audit.evidence.records import EvidenceError, prune_leaves, seal
from monitors.audit.evidence.signing import SigningError
from monitors.audit.evidence.time_stamp import TimeStampError, stamp_run
from monitors.audit.history.catch_up import catch_up
from monitors.audit.history.database import StoreError, store_url
from monitors.audit.history.model import History
from monitors.audit.history.queries import read_history
from monitors.audit.model.controls import ControlTable
from monitors.audit.model.declared import UndeclaredHostError
from monitors.audit.model.own_controls import controls_of
from monitors.audit.model.results import AuditRun, HostAudit
from monitors.audit.model.waivers import waiver_problems
from monitors.audit.reports.basis import report_basis
from monitors.audit.reports.build import build
from monitors.audit.reports.compliance import seal_in
from monitors.audit.reports.model import Report, Seal
from monitors.audit.run import Fetch, run_audit
from monitors.collection.bundle import BundleError

# The labels of the two audits that `bastide up` makes; reports compare them.
BEFORE_HARDENING = "before"
AFTER_HARDENING = "after"
# Any other's, of all hosts or some.
AUDIT = "audit"
NOT_SEALED = (ChainError, InputsError, EvidenceError, SigningError, OSError)


@dataclass(frozen=True, slots=True)
class AuditResult:
    """A run, the link that seals it, and what went wrong beside the audit itself, in words."""

    run: AuditRun
    link: Link | None
    problems: tuple[str, ...] = ()


def run(
    context: EstateContext,
    only: Sequence[str] | None = None,
    label: str = AUDIT,
    on_event: Callable[[HostAudit], None] = lambda _: None,
    fetch: Fetch = fetch_bundle,
) -> AuditResult:
    """Audit hosts, seal the run and record it; the results are kept whatever happens after.

    One run at a time: the chain tells of them in the order in which they began. Raises what
    `run_audit` raises; an unsealed or unrecorded run is among the problems.
    """
    with _alone(context.state):
        return _run(context, only, label, on_event, fetch)


@contextmanager
def _alone(state: Path) -> Iterator[None]:
    """Wait until no other run of this state goes on."""
    file = state / FOLDER / "run.lock"
    try:
        make_folder(file.parent)
        handle = file.open("ab")
    except OSError:
        yield  # nothing can be kept here: the run says so itself
        return
    with handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _run(
    context: EstateContext,
    only: Sequence[str] | None,
    label: str,
    on_event: Callable[[HostAudit], None],
    fetch: Fetch,
) -> AuditResult:
    audited = run_audit(context.estate, context.state, only, label, on_event, fetch)
    link: Link | None = None
    problems: list[str] = []
    problems += waiver_problems(context.estate.waivers, controls_of(context.estate.own))
    try:
        _must_follow(context.state, audited)
        link = seal(audited, context.state)
        prune_leaves(context.state)
    except NOT_SEALED as error:
        problems.append(f"not sealed, so it can give no evidence: {error}")
    if link:
        problems += (*_stamp(context, link), *_show_witness(context))
    try:
        recorded = catch_up(store_url(context.state), context.state, context.estate.estate)
        problems += recorded.problems
    except StoreError as error:
        problems.append(f"not in the history yet; the next audit catches up: {error}")
    return AuditResult(audited, link, tuple(problems))


def _stamp(context: EstateContext, link: Link) -> tuple[str, ...]:
    server = context.estate.time_stamps
    try:
        if server:
            stamp_run(link, context.state, server)
    except (TimeStampError, OSError) as error:
        return (f"without a time stamp: {error}",)
    return ()


def _show_witness(context: EstateContext) -> tuple[str, ...]:
    try:
        witness.show(context)
    except (witness.WitnessError, ChainError, OSError) as error:
        return (f"not shown to the witness; it is shown with the next audit: {error}",)
    return ()


def _must_follow(state: Path, audited: AuditRun) -> None:
    """Raise ChainError when the chain's last run began after this one: a clock is wrong."""
    chain = load_chain(state)
    if chain and audited.started < chain[-1].record.started:
        raise ChainError(
            f"{state / FOLDER}: this run began at {audited.started:%F %T} UTC, before the last "
            f"sealed one, {chain[-1].record.started:%F %T}: this machine's clock is wrong, or was "
            "then; see `chronyc tracking`"
        )


@dataclass(frozen=True, slots=True)
class ReportSource:
    """What a report is built from; the waivers are those that the run was judged by."""

    estate: Estate
    before: AuditRun | None
    after: AuditRun
    table: ControlTable
    history: History | None
    rejudged: AuditRun | None
    seal: Seal | None

    @property
    def report(self) -> Report:
        """The report."""
        return build(
            self.estate,
            self.before,
            self.after,
            self.table,
            self.history,
            self.rejudged,
            self.seal,
        )

    def basis(self, state: Path, formats: Collection[str], language: str) -> bytes:
        """Return what an evidence file needs beside its records to write the report anew."""
        parts = self.before, self.history, self.rejudged
        return report_basis(self.estate, state, *parts, formats, language).content


def report_source(
    context: EstateContext, before: AuditRun | None, after: AuditRun, past: History | None
) -> ReportSource:
    """Return what the report on a run is built from."""
    return ReportSource(
        estate=context.estate.model_copy(update={"waivers": _waivers(context, after)}),
        before=before,
        after=after,
        table=control_table(context, after),
        history=past,
        rejudged=rejudged(context, before, after),
        seal=seal_in(context.state, after),
    )


def _waivers(context: EstateContext, run: AuditRun) -> tuple[Waiver, ...]:
    """Return the waivers that a run was judged by; today's when those were not kept."""
    try:
        return WAIVERS.load(context.state, run.waivers_sha256)
    except InputsError:
        return context.estate.waivers


def history(context: EstateContext) -> History:
    """Return the history of the estate's audits; StoreError says why it cannot be read."""
    return read_history(store_url(context.state), context.estate.estate)


def control_table(context: EstateContext, run: AuditRun) -> ControlTable:
    """Return the control table that a run was judged by; today's when that was not kept."""
    try:
        return CONTROLS.load(context.state, run.controls_sha256)
    except InputsError:
        return controls_of(context.estate.own)


def rejudged(context: EstateContext, earlier: AuditRun | None, later: AuditRun) -> AuditRun | None:
    """Return an earlier run judged by today's checks, where those of its day were others.

    It separates a changed check from a changed host. None when the checks are the same, or when a
    bundle is kept no more.
    """
    if earlier is None or earlier.checks_sha256 == later.checks_sha256:
        return None
    basis = replay.basis_today(context.estate)
    try:
        judged = tuple(
            replay.replay(context.state / host.bundle, basis) if host.bundle else host
            for host in earlier.hosts
        )
    except (OSError, BundleError, UndeclaredHostError):
        return None
    return earlier.model_copy(update={"hosts": judged})
