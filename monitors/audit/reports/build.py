"""Builds a report's values from audits and their history: equal inputs give an equal report."""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from inventory.enums import Tier
from inventory.model.estate import Estate
from monitors.audit.archive.stamps import stamp
from monitors.audit.evidence.chain import Link
from monitors.audit.evidence.signing import fingerprint
from monitors.audit.history.model import ControlStatus, History
from monitors.audit.model.controls import (
    WEIGHT,
    Control,
    ControlTable,
    FrameworkReferences,
    Severity,
)
from monitors.audit.model.results import AuditRun, HostAudit, Outcome, Result
from monitors.audit.model.score import SCORE_MODEL, score
from monitors.audit.reports.basis import VERSION, ReportEstate, report_estate
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
from monitors.audit.reports.maintenance import window_lines
from monitors.audit.reports.model import (
    BAD,
    ControlLine,
    HostCoverage,
    HostReport,
    Line,
    MunicipalityReport,
    Report,
    Run,
    ScoreLine,
    Seal,
    Source,
    Which,
)

FILE_NAME = re.compile(r"[a-z0-9-]{1,40}")


@dataclass(frozen=True, slots=True)
class Comparison:
    """What results are compared with: each host in the run before, each control in the history."""

    earlier: Mapping[str, HostAudit]
    statuses: Mapping[tuple[str, str], ControlStatus]


def build(
    estate: Estate | ReportEstate,
    before: AuditRun | None,
    after: AuditRun,
    table: ControlTable,
    history: History | None = None,
    rejudged: AuditRun | None = None,
    seal: Seal | None = None,
    version: str = VERSION,
) -> Report:
    """Return the report on a run, compared with an earlier one when there is one.

    Of the history, the store's, only what was known when `after` ran counts. `rejudged`, the
    bundles of `before` judged as `after` was, keeps a changed check and a changed host apart.
    `seal` is what seals `after`.
    """
    past, named = history or History(), report_estate(estate)
    waivers = waiver_lines(named.waivers, after, table)
    compared = Comparison(
        earlier={host.host: host for host in before.hosts} if before else {},
        statuses={(s.host, s.control): s for s in past.statuses},
    )
    return Report(
        estate=named.estate,
        title=named.title,
        stamp=stamp(after.started),
        before_run=_run(before) if before else None,
        after_run=_run(after),
        seal=seal,
        version=version,
        before=_score_line(before.hosts) if before else None,
        after=_score_line(after.hosts),
        coverage=HostCoverage(
            hosts=after.declared,
            audited=after.asked,
            watched=tuple(host.host for host in after.watched),
        ),
        changes=changes(before, after, rejudged) if before else None,
        trend=trend_of(past, after, None),
        municipalities=tuple(
            MunicipalityReport(
                id=municipality_id,
                file=_file_name(municipality_id),
                name=name,
                tier=tier,
                before=_score_line(was) if (was := _earlier_of(own, compared)) else None,
                after=_score_line(own),
                trend=trend_of(past, after, municipality_id),
                waivers=waivers_of(waivers, municipality_id, {host.host for host in own}),
                windows=window_lines(named.windows, municipality_id, after.started),
                hosts=tuple(_host(host, compared) for host in own),
            )
            for municipality_id, name, tier, own in _municipalities(named, after)
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


def seal_of(link: Link) -> Seal:
    """Return a link of the chain as reports name it."""
    record = link.record
    return Seal(number=record.number, sha256=link.sha256, fingerprint=fingerprint(record.key))


def _municipalities(
    estate: ReportEstate, run: AuditRun
) -> Iterator[tuple[str, str, Tier | None, tuple[HostAudit, ...]]]:
    """Yield the tenants that have hosts in the run, those that left the estate since at the end."""
    hosts: dict[str, list[HostAudit]] = {}
    for host in run.hosts:
        hosts.setdefault(host.municipality, []).append(host)
    for tenant in estate.tenants:
        if own := hosts.pop(tenant.id, None):
            yield tenant.id, tenant.name, tenant.tier, tuple(own)
    for gone, own in sorted(hosts.items()):
        yield gone, gone, own[0].tier, tuple(own)


def _file_name(municipality_id: str) -> str:
    """Return what a municipality's files are named by: its id, when that can be a file's name."""
    if FILE_NAME.fullmatch(municipality_id):
        return municipality_id
    return f"place-{hashlib.sha256(municipality_id.encode(errors='replace')).hexdigest()[:12]}"


def _earlier_of(hosts: Iterable[HostAudit], compared: Comparison) -> tuple[HostAudit, ...]:
    return tuple(compared.earlier[host.host] for host in hosts if host.host in compared.earlier)


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


def _score_line(hosts: Iterable[HostAudit]) -> ScoreLine:
    scored = score(result for host in hosts for result in host.results)
    return ScoreLine(
        proved=scored.proved,
        accepted=scored.accepted,
        coverage=scored.coverage,
        passed=scored.counts[Outcome.PASS],
        failed=scored.counts[Outcome.FAIL],
        waived=scored.waived,
        undetermined=scored.counts[Outcome.ERROR],
        skipped=scored.counts[Outcome.SKIP],
    )


def _host(host: HostAudit, compared: Comparison) -> HostReport:
    earlier = compared.earlier.get(host.host)
    was = {result.control: result.outcome for result in earlier.results} if earlier else {}
    passes = {r.control for r in host.results if r.outcome is Outcome.PASS}
    failed = (r for r in earlier.results if r.outcome is Outcome.FAIL) if earlier else ()
    return HostReport(
        host=host.host,
        roles=host.roles,
        level=host.level,
        before=_score_line([earlier]) if earlier else None,
        after=_score_line([host]),
        problem=host.problem,
        seconds=host.seconds,
        lines=tuple(
            _line(r, was.get(r.control), compared.statuses.get((host.host, r.control)))
            for r in host.results
        ),
        mended=tuple(_line(r, r.outcome, None) for r in failed if r.control in passes),
        sources=(*_source("before", earlier), *_source("after", host)),
    )


def _line(result: Result, before: Outcome | None, status: ControlStatus | None) -> Line:
    bad, fails = result.outcome in BAD, result.outcome is Outcome.FAIL
    return Line(
        control=result.control,
        severity=result.severity,
        outcome=result.outcome,
        before=before,
        waived=result.is_waived,
        reason=result.reason,
        since=status.first_failed if fails and status else None,
        last_good=status.last_good if fails and status else None,
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
    in_table = {control.id for control in table.controls}
    gone: dict[str, Severity] = {
        result.control: result.severity
        for run in (before, after)
        if run
        for host in run.hosts
        for result in host.results
        if result.control not in in_table
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
        own=control.own,
    )
