"""An audit with all that belongs to it: results, a sealed link of the chain, history."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bastide.support.estate import EstateContext
from monitors.audit import replay
from monitors.audit.collect.host_bundle import fetch_bundle
from monitors.audit.evidence.chain import ChainError, Link
from monitors.audit.evidence.inputs import CONTROLS, InputsError
from monitors.audit.evidence.records import EvidenceError, prune_leaves, seal
from monitors.audit.evidence.signing import SigningError
from monitors.audit.history.catch_up import catch_up
from monitors.audit.history.database import StoreError, store_url
from monitors.audit.history.model import History
from monitors.audit.history.queries import read_history
from monitors.audit.model.controls import ControlTable
from monitors.audit.model.declared import UndeclaredHostError
from monitors.audit.model.own_controls import controls_of
from monitors.audit.model.results import AuditRun, HostAudit
from monitors.audit.model.waivers import waiver_problems
from monitors.audit.run import Fetch, run_audit
from monitors.collection.bundle import BundleError

# The labels of the two audits that `bastide up` makes; reports compare them.
BEFORE_HARDENING = "before"
AFTER_HARDENING = "after"
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
    label: str = "audit",
    on_event: Callable[[HostAudit], None] = lambda _: None,
    fetch: Fetch = fetch_bundle,
) -> AuditResult:
    """Audit hosts, seal the run and record it; the results are kept whatever happens after.

    Raises what `run_audit` raises; an unsealed or unrecorded run is among the problems.
    """
    audited = run_audit(context.estate, context.state, only, label, on_event, fetch)
    link: Link | None = None
    problems: list[str] = []
    problems += waiver_problems(context.estate.waivers, controls_of(context.estate.own))
    try:
        link = seal(audited, context.state)
        prune_leaves(context.state)
    except NOT_SEALED as error:
        problems.append(f"not sealed, so it can give no evidence: {error}")
    try:
        recorded = catch_up(store_url(context.state), context.state, context.estate.estate)
        problems += recorded.problems
    except StoreError as error:
        problems.append(f"not in the history yet; the next audit catches up: {error}")
    return AuditResult(audited, link, tuple(problems))


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
