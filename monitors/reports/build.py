"""Builds the report's values from audits: pure, equal inputs give an equal report."""

from collections.abc import Iterable, Mapping

from inventory.model import Estate
from inventory.placed import Place, places
from monitors.reports.model import (
    Change,
    Common,
    ControlLine,
    Finding,
    HostPage,
    PlacePage,
    Report,
    Run,
    ScoreLine,
    Skipped,
    Source,
    WaiverLine,
)
from monitors.security.controls import WEIGHT, Control, ControlTable, FrameworkReferences
from monitors.security.results import AuditRun, HostAudit, Outcome, Result
from monitors.security.score import score

# A control that fails in fewer places is shown with its hosts only.
COMMON_FROM = 2
COMMON_SHOWN = 6
BAD = (Outcome.FAIL, Outcome.ERROR)


def build(estate: Estate, before: AuditRun | None, after: AuditRun, table: ControlTable) -> Report:
    """Return the report on a run, compared with an earlier one when there is one."""
    earlier = {host.host: host for host in before.hosts} if before else {}
    pages = (_place(place, after, earlier, table) for place in places(estate))
    shown = tuple(page for page in pages if page.hosts)
    return Report(
        estate=estate.estate,
        title=estate.title,
        before_run=_run(before) if before else None,
        after_run=_run(after),
        before=_line_of(before.hosts) if before else None,
        after=_line_of(after.hosts),
        mended=sum(len(host.mended) for page in shown for host in page.hosts),
        places=shown,
        common=_common(after, table),
        waivers=_waivers(estate, after, table),
        controls=tuple(
            ControlLine(id=c.id, title=c.title, severity=c.severity, references=c.references)
            for c in table.controls
        ),
        weights=WEIGHT,
    )


def _run(run: AuditRun) -> Run:
    return Run(
        label=run.label,
        started=run.started,
        seconds=run.seconds,
        controls_sha256=run.controls_sha256,
    )


def _line(results: Iterable[Result]) -> ScoreLine:
    found = score(results)
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


def _line_of(hosts: Iterable[HostAudit]) -> ScoreLine:
    return _line(result for host in hosts for result in host.results)


def _place(
    place: Place, after: AuditRun, earlier: Mapping[str, HostAudit], table: ControlTable
) -> PlacePage:
    own = [host for host in after.hosts if host.municipality == place.id]
    known = [earlier[host.host] for host in own if host.host in earlier]
    return PlacePage(
        id=place.id,
        name=place.name,
        tier=place.tier,
        before=_line_of(known) if known else None,
        after=_line_of(own),
        hosts=tuple(_host(host, earlier.get(host.host), table) for host in own),
    )


def _host(host: HostAudit, earlier: HostAudit | None, table: ControlTable) -> HostPage:
    was = {r.control: r.outcome for r in earlier.results} if earlier else {}
    bad = [result for result in host.results if result.outcome in BAD]
    worst_first = sorted(bad, key=lambda r: (r.is_waived, -WEIGHT[r.severity], r.control))
    return HostPage(
        host=host.host,
        roles=host.roles,
        before=_line(earlier.results) if earlier else None,
        after=_line(host.results),
        problem=host.problem,
        findings=tuple(_finding(r, was.get(r.control), table) for r in worst_first),
        mended=_mended(host, earlier, table),
        skipped=tuple(
            Skipped(control=r.control, reason=r.reason)
            for r in host.results
            if r.outcome is Outcome.SKIP
        ),
        outcomes={
            r.control: Change(before=was.get(r.control), after=r.outcome, waived=r.is_waived)
            for r in host.results
        },
        sources=(*_source("before", earlier), *_source("after", host)),
    )


def _mended(host: HostAudit, earlier: HostAudit | None, table: ControlTable) -> tuple[Finding, ...]:
    """Return what failed in the earlier audit and passes now, with the evidence of then."""
    passes = {r.control for r in host.results if r.outcome is Outcome.PASS}
    failed = [r for r in earlier.results if r.outcome is Outcome.FAIL] if earlier else []
    return tuple(_finding(r, r.outcome, table) for r in failed if r.control in passes)


def _source(run: str, host: HostAudit | None) -> tuple[Source, ...]:
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


def _finding(result: Result, before: Outcome | None, table: ControlTable) -> Finding:
    control = _control(table, result)
    return Finding(
        control=result.control,
        title=control.title if control else result.control,
        why=control.why if control else "",
        severity=result.severity,
        references=control.references if control else FrameworkReferences(),
        role=None if control is None or control.is_by_hand else control.task,
        outcome=result.outcome,
        before=before,
        reason=result.reason,
        evidence=result.evidence,
        waiver=result.waiver,
    )


def _control(table: ControlTable, result: Result) -> Control | None:
    """Return today's row of a result; None when the control has left the table since."""
    return next((c for c in table.controls if c.id == result.control), None)


def _common(after: AuditRun, table: ControlTable) -> tuple[Common, ...]:
    """Return what fails on most hosts, the heaviest first."""
    found = []
    for control in table.controls:
        failing = tuple(
            host.host
            for host in after.hosts
            for r in host.results
            if r.control == control.id and r.outcome is Outcome.FAIL and not r.is_waived
        )
        if len(failing) >= COMMON_FROM:
            found.append(
                Common(
                    control=control.id,
                    title=control.title,
                    why=control.why,
                    severity=control.severity,
                    hosts=failing,
                )
            )
    found.sort(key=lambda c: -WEIGHT[c.severity] * len(c.hosts))
    return tuple(found[:COMMON_SHOWN])


def _waivers(estate: Estate, after: AuditRun, table: ControlTable) -> tuple[WaiverLine, ...]:
    """Return every waiver of the estate with the hosts where it accepts a failure now."""
    titles = {control.id: control.title for control in table.controls}
    lines = (
        WaiverLine(
            control=w.control,
            title=titles.get(w.control, ""),
            scope=w.scope,
            reason=w.reason,
            approver=w.approver,
            expires=w.expires,
            expired=w.expires < after.started.date(),
            hosts=tuple(
                host.host
                for host in after.hosts
                if w.scope in (host.host, host.municipality, "estate")
                and any(r.control == w.control and r.is_waived for r in host.results)
            ),
        )
        for w in estate.waivers
    )
    return tuple(sorted(lines, key=lambda line: (line.expires, line.control, line.scope)))
