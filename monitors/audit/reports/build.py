"""Builds a report's values from audits and their history: equal inputs give an equal report."""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from inventory.entries import tenants
from inventory.enums import Tier
from inventory.model import Estate
from monitors.audit.archive.stamps import stamp
from monitors.audit.history.model import History, Standing
from monitors.audit.model.controls import (
    WEIGHT,
    Control,
    ControlTable,
    FrameworkReferences,
    Severity,
)
from monitors.audit.model.results import AuditRun, HostAudit, Outcome, Result
from monitors.audit.model.score import SCORE_MODEL, score
from monitors.audit.reports.fleet import (
    changes,
    common,
    oldest,
    repairs,
    trend_of,
    waiver_lines,
    waivers_of,
)
from monitors.audit.reports.frameworks import frameworks
from monitors.audit.reports.model import (
    BAD,
    ControlLine,
    HostPage,
    Line,
    PlacePage,
    Report,
    Run,
    ScoreLine,
    Source,
    Which,
)

PLACE_ID = re.compile(r"[a-z0-9-]{1,40}")


@dataclass(frozen=True, slots=True)
class Known:
    """What results are compared with: each host in the run before, and what the store knows."""

    earlier: Mapping[str, HostAudit]
    standings: Mapping[tuple[str, str], Standing]


def build(
    estate: Estate,
    before: AuditRun | None,
    after: AuditRun,
    table: ControlTable,
    history: History | None = None,
    rejudged: AuditRun | None = None,
) -> Report:
    """Return the report on a run, compared with an earlier one when there is one.

    Of the history, the store's, only what was known when `after` ran is told. `rejudged`, the
    bundles of `before` judged as `after` was, tells a changed check from a changed host.
    """
    past = history or History()
    waivers = waiver_lines(estate, after, table)
    known = Known(
        earlier={host.host: host for host in before.hosts} if before else {},
        standings={(s.host, s.control): s for s in past.standings},
    )
    return Report(
        estate=estate.estate,
        title=estate.title,
        stamp=stamp(after.started),
        before_run=_run(before) if before else None,
        after_run=_run(after),
        before=_line_of(before.hosts) if before else None,
        after=_line_of(after.hosts),
        changes=changes(before, after, rejudged) if before else None,
        trend=trend_of(past, after, None),
        places=tuple(
            PlacePage(
                id=place_id,
                file=place_id if PLACE_ID.fullmatch(place_id) else _hashed(place_id),
                name=name,
                tier=tier,
                before=_line_of(was) if (was := _known(own, known)) else None,
                after=_line_of(own),
                trend=trend_of(past, after, place_id),
                waivers=waivers_of(waivers, place_id, {host.host for host in own}),
                hosts=tuple(_host(host, known) for host in own),
            )
            for place_id, name, tier, own in _places(estate, after)
        ),
        common=common(after, table),
        oldest=oldest(past, after),
        repairs=repairs(past, after),
        waivers=waivers,
        frameworks=frameworks(after, table),
        controls=tuple(_controls(table, before, after)),
        weights=WEIGHT,
        score_model=SCORE_MODEL,
    )


def _places(
    estate: Estate, run: AuditRun
) -> Iterator[tuple[str, str, Tier | None, tuple[HostAudit, ...]]]:
    """Yield the tenants that have hosts in the run, those that left the estate since at the end."""
    hosts: dict[str, list[HostAudit]] = {}
    for host in run.hosts:
        hosts.setdefault(host.municipality, []).append(host)
    for tenant in tenants(estate):
        if own := hosts.pop(tenant.id, None):
            yield tenant.id, tenant.name, tenant.tier, tuple(own)
    for gone, own in sorted(hosts.items()):
        yield gone, gone, own[0].tier, tuple(own)


def _hashed(place_id: str) -> str:
    return f"place-{hashlib.sha256(place_id.encode(errors='replace')).hexdigest()[:12]}"


def _known(hosts: Iterable[HostAudit], known: Known) -> tuple[HostAudit, ...]:
    return tuple(known.earlier[host.host] for host in hosts if host.host in known.earlier)


def _run(run: AuditRun) -> Run:
    return Run(
        label=run.label,
        started=run.started,
        seconds=run.seconds,
        controls_sha256=run.controls_sha256,
        waivers_sha256=run.waivers_sha256,
        declared_sha256=run.declared_sha256,
        checks_sha256=run.checks_sha256,
    )


def _line_of(hosts: Iterable[HostAudit]) -> ScoreLine:
    found = score(result for host in hosts for result in host.results)
    return ScoreLine(
        proved=found.proved,
        accepted=found.accepted,
        coverage=found.coverage,
        passed=found.counts[Outcome.PASS],
        failed=found.counts[Outcome.FAIL],
        waived=found.waived,
        undetermined=found.counts[Outcome.ERROR],
        skipped=found.counts[Outcome.SKIP],
    )


def _host(host: HostAudit, known: Known) -> HostPage:
    earlier = known.earlier.get(host.host)
    was = {result.control: result.outcome for result in earlier.results} if earlier else {}
    passes = {r.control for r in host.results if r.outcome is Outcome.PASS}
    failed = (r for r in earlier.results if r.outcome is Outcome.FAIL) if earlier else ()
    return HostPage(
        host=host.host,
        roles=host.roles,
        before=_line_of([earlier]) if earlier else None,
        after=_line_of([host]),
        problem=host.problem,
        seconds=host.seconds,
        lines=tuple(
            _line(r, was.get(r.control), known.standings.get((host.host, r.control)))
            for r in host.results
        ),
        mended=tuple(_line(r, r.outcome, None) for r in failed if r.control in passes),
        sources=(*_source("before", earlier), *_source("after", host)),
    )


def _line(result: Result, before: Outcome | None, standing: Standing | None) -> Line:
    bad, fails = result.outcome in BAD, result.outcome is Outcome.FAIL
    return Line(
        control=result.control,
        severity=result.severity,
        outcome=result.outcome,
        before=before,
        waived=result.is_waived,
        reason=result.reason,
        since=standing.first_failed if fails and standing else None,
        last_good=standing.last_good if fails and standing else None,
        evidence=result.evidence if bad else (),
        waiver=result.waiver,
    )


def _source(run: Which, host: HostAudit | None) -> tuple[Source, ...]:
    """Return where a host's results came from; nothing when no bundle came."""
    if not (host and host.bundle and host.bundle_sha256 and host.collected):
        return ()
    return (
        Source(
            run=run,
            bundle=host.bundle,
            sha256=host.bundle_sha256,
            collected=host.collected,
            collector=host.collector,
            clock_offset_seconds=host.clock_offset_seconds,
        ),
    )


def _controls(
    table: ControlTable, before: AuditRun | None, after: AuditRun
) -> Iterator[ControlLine]:
    """Yield the table's rows, then what the runs have of controls that left the table since."""
    for control in table.controls:
        yield _control(control)
    known = {control.id for control in table.controls}
    gone: dict[str, Severity] = {
        result.control: result.severity
        for run in (before, after)
        if run
        for host in run.hosts
        for result in host.results
        if result.control not in known
    }
    for control_id, severity in sorted(gone.items()):
        yield ControlLine(
            id=control_id,
            title="",
            why="",
            severity=severity,
            references=FrameworkReferences(),
            role=None,
            tag=control_id.lower(),
        )


def _control(control: Control) -> ControlLine:
    return ControlLine(
        id=control.id,
        title=control.title,
        why=control.why,
        severity=control.severity,
        references=control.references,
        role=None if control.is_by_hand else control.task,
        tag=control.tag,
    )
