"""Judges the hosts of an evidence file once more, from what it holds alone."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import zip_longest
from pathlib import Path
from typing import TypeVar

from monitors.audit.archive.bundles import parse_view
from monitors.audit.evidence.inputs import checks_sha256
from monitors.audit.evidence.records import CONTROLS_FILE, bundle_file, outside_file
from monitors.audit.evidence.run_span import RunSpan
from monitors.audit.evidence.sealed import SealedRecords, sealed_records
from monitors.audit.evidence.verify import BrokenError, Verified
from monitors.audit.judge.host_results import judge_host, unjudged
from monitors.audit.judge.runner import CheckFiles
from monitors.audit.model.controls import Control, ControlTable, load_controls
from monitors.audit.model.results import AuditRun, HostAudit
from monitors.collection.bundle import Bundle, BundleError, unpack
from monitors.outside.document import OutsideView

HEADER = "host"
# What a bundle does not tell of the host's header: how the exchange went, where it was kept.
OF_THE_EXCHANGE = {
    *("bundle", "bundle_sha256", "outside", "outside_sha256"),
    *("clock_offset_seconds", "seconds", "results"),
}
Seen = TypeVar("Seen", Bundle, OutsideView)


@dataclass(frozen=True, slots=True)
class Recomputed:
    """How many results were judged again and which differ; whether by the very same checks."""

    judged: int
    differing: tuple[str, ...]
    unasked: tuple[str, ...]
    same_checks: bool


def recompute(verified: Verified, own: CheckFiles = ()) -> Recomputed:
    """Judge every bundle of a verified file again; hosts that sent none are `unasked`.

    Of those nothing but `error` follows. `own` are the estate's own check files, which no evidence
    file holds: code from elsewhere is never run. Without them the estate's own controls come out
    as errors. Raises as `sealed_records`, and BrokenError when a bundle is none or of another
    day, or the controls are not those of the very same checks.
    """
    sealed = sealed_records(verified)
    same = verified.link.record.inputs.checks_sha256 == checks_sha256(own)
    if same and (control := _not_ours(sealed.table)):
        raise BrokenError(f"{CONTROLS_FILE}: {control} is not as the checks of the run have it")
    judged = 0
    differing: list[str] = []
    unasked: list[str] = []
    for host in sealed.run.hosts:
        packed = verified.members.get(bundle_file(host.host))
        if packed is None:
            unasked.append(host.host)
            again = _unasked(host, sealed)
        else:
            judged += len(host.results)
            view = _view(verified.members.get(outside_file(host.host)), host.host, sealed.run)
            again = _judged(packed, view, sealed, host.host, own)
        differing += _differing(host, again)
    return Recomputed(judged, tuple(differing), tuple(unasked), same)


def _not_ours(table: ControlTable) -> str | None:
    """Return the first of Bastide's own controls that a table has otherwise, or not."""
    theirs = [control for control in table.controls if not control.own]
    pairs = zip_longest(load_controls().controls, theirs)
    differing: Iterator[Control] = (ours or theirs for ours, theirs in pairs if ours != theirs)
    return next((control.id for control in differing), None)


def _judged(
    packed: bytes, view: OutsideView | None, sealed: SealedRecords, host: str, own: CheckFiles
) -> HostAudit:
    name = bundle_file(host)
    bundle = _of_host(name, host, unpack, packed)
    _must_be_of_run(name, bundle.collected, sealed.run)
    declared = sealed.declared[host]
    return judge_host(bundle, sealed.table, declared, sealed.waivers, Path(name), own, view)


def _view(content: bytes | None, host: str, run: AuditRun) -> OutsideView | None:
    """Return what was seen of a host from outside, None where nobody had looked."""
    if content is None:
        return None
    view = _of_host(outside_file(host), host, parse_view, content)
    _must_be_of_run(outside_file(host), view.at, run)
    return view


def _must_be_of_run(name: str, moment: datetime, run: AuditRun) -> None:
    span = RunSpan(run.started, timedelta(seconds=run.seconds))
    if stray := span.stray(moment):
        raise BrokenError(f"{name}: {stray}")


def _of_host(name: str, host: str, read: Callable[[bytes], Seen], content: bytes) -> Seen:
    """Return what a member says of a host; BrokenError when it is none, or of another one."""
    try:
        seen = read(content)
    except BundleError as error:
        raise BrokenError(f"{name}: {error}") from None
    if seen.host != host:
        raise BrokenError(f"{name}: says that it is of {seen.host!a}")
    return seen


def _unasked(host: HostAudit, sealed: SealedRecords) -> HostAudit:
    """Return what follows of a host that sent nothing, in the words that the run has for why."""
    return unjudged(sealed.table, sealed.declared[host.host], host.problem)


def _differing(kept: HostAudit, again: HostAudit) -> Iterator[str]:
    # In results from before there were levels there is none.
    level = {"level"} if kept.level is None else set()
    headers = (one.model_dump(exclude=OF_THE_EXCHANGE | level) for one in (kept, again))
    if next(headers) != next(headers):
        yield f"{kept.host}: {HEADER}"
    for then, now in zip(kept.results, again.results, strict=True):
        if then != now:
            yield f"{kept.host}: {then.control}"
