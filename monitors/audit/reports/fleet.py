"""What a report says of all hosts together: changes, what fails most and longest, waivers."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime
from statistics import median

from inventory.model.waivers import ESTATE_SCOPE, Waiver
from monitors.audit.history.model import History, TrendPoint
from monitors.audit.model.controls import WEIGHT, ControlTable, Severity
from monitors.audit.model.results import AuditRun, HostAudit, Outcome, Result
from monitors.audit.reports.attribution import Measure, attribute
from monitors.audit.reports.model import (
    Attribution,
    Changes,
    Common,
    OpenFailure,
    RepairLine,
    WaiverLine,
)

# A control that fails on fewer hosts is shown with its hosts only.
COMMON_FROM = 2
COMMON_SHOWN = 10
OLDEST_SHOWN = 15
DETERMINED = (Outcome.PASS, Outcome.FAIL)


def changes(before: AuditRun, after: AuditRun, rejudged: AuditRun | None) -> Changes:
    """Return what is different between two runs, host by host and control by control."""
    old, new = _results(before), _results(after)
    both = [(old[key], new[key], key) for key in new if key in old]
    broken: defaultdict[tuple[int, str], list[str]] = defaultdict(list)
    for then, now, (host, control) in both:
        if then.outcome is Outcome.PASS and now.outcome is Outcome.FAIL and not now.is_waived:
            broken[-WEIGHT[now.severity], control].append(host)
    turned = [(then.outcome, now.outcome) for then, now, _ in both]
    return Changes(
        mended=turned.count((Outcome.FAIL, Outcome.PASS)),
        lost=sum(now is Outcome.ERROR and then in DETERMINED for then, now in turned),
        broken=tuple(Common(control=key[1], hosts=tuple(broken[key])) for key in sorted(broken)),
        hosts_new=_less({h.host for h in after.hosts}, {h.host for h in before.hosts}),
        hosts_gone=_less({h.host for h in before.hosts}, {h.host for h in after.hosts}),
        controls_new=_less({control for _, control in new}, {control for _, control in old}),
        controls_gone=_less({control for _, control in old}, {control for _, control in new}),
        score=_attribution(before, after, Measure.PROVED, rejudged),
        certain=rejudged is not None or before.checks_sha256 == after.checks_sha256,
        accepted=_attribution(before, after, Measure.ACCEPTED, rejudged),
    )


def _attribution(
    before: AuditRun, after: AuditRun, measure: Measure, rejudged: AuditRun | None
) -> Attribution | None:
    attribution = attribute(before, after, measure, rejudged)
    if attribution.change is None:
        return None
    return Attribution(
        **{cause.value: float(sum_) for cause, sum_ in attribution.by_cause().items()}
    )


def _results(run: AuditRun) -> dict[tuple[str, str], Result]:
    return {(host.host, r.control): r for host in run.hosts for r in host.results}


def _less(these: set[str], without: set[str]) -> tuple[str, ...]:
    return tuple(sorted(these - without))


def common(run: AuditRun, table: ControlTable) -> tuple[Common, ...]:
    """Return what fails on most hosts, the heaviest first."""
    failing: defaultdict[str, list[str]] = defaultdict(list)
    for host in run.hosts:
        for result in host.results:
            if result.outcome is Outcome.FAIL and not result.is_waived:
                failing[result.control].append(host.host)
    weighted = [
        (-WEIGHT[control.severity] * len(hosts), Common(control=control.id, hosts=tuple(hosts)))
        for control in table.controls
        if len(hosts := failing.get(control.id, [])) >= COMMON_FROM
    ]
    weighted.sort(key=lambda pair: pair[0])
    return tuple(line for _, line in weighted[:COMMON_SHOWN])


def oldest(history: History, run: AuditRun) -> tuple[OpenFailure, ...]:
    """Return the controls whose failures last longest and are not waived."""
    first = {(s.host, s.control): s.first_failed for s in history.statuses}
    lasting: defaultdict[str, list[tuple[datetime, str]]] = defaultdict(list)
    for host in run.hosts:
        for result in host.results:
            since = first.get((host.host, result.control))
            fails = result.outcome is Outcome.FAIL and not result.is_waived
            if fails and since and since <= run.started:
                lasting[result.control].append((since, host.host))
    lines = (
        OpenFailure(control=control, since=min(where)[0], hosts=tuple(h for _, h in sorted(where)))
        for control, where in lasting.items()
    )
    return tuple(sorted(lines, key=lambda line: (line.since, line.control))[:OLDEST_SHOWN])


def repairs(history: History, run: AuditRun) -> tuple[RepairLine, ...]:
    """Return how long failures lasted, the gravest severity first; nothing without a history."""
    took: defaultdict[Severity, list[float]] = defaultdict(list)
    for repair in history.repairs:
        if repair.mended <= run.started:
            took[repair.severity].append(repair.seconds)
    if not took:
        return ()
    open_now = [
        r.severity
        for host in run.hosts
        for r in host.results
        if r.outcome is Outcome.FAIL and not r.is_waived
    ]
    return tuple(
        RepairLine(
            severity=severity,
            mended=len(seconds := took[severity]),
            median_seconds=median(seconds) if seconds else None,
            longest_seconds=max(seconds) if seconds else None,
            open=open_now.count(severity),
        )
        for severity in sorted(Severity, key=lambda s: -WEIGHT[s])
    )


def trend_of(history: History, run: AuditRun, municipality: str | None) -> tuple[TrendPoint, ...]:
    """Return a municipality's points (None: all together) up to a run, the oldest first."""
    points = (p for p in history.trend if p.municipality == municipality and p.at <= run.started)
    return tuple(sorted(points, key=lambda point: point.at))


def waiver_lines(
    waivers: Iterable[Waiver], run: AuditRun, table: ControlTable
) -> tuple[WaiverLine, ...]:
    """Return every waiver with the hosts where it accepts a failure now."""
    titles = {control.id: control.title for control in table.controls}
    waived: defaultdict[str, list[HostAudit]] = defaultdict(list)
    for host in run.hosts:
        for result in host.results:
            if result.is_waived:
                waived[result.control].append(host)
    lines = (
        _waiver(waiver, titles.get(waiver.control, ""), run, waived[waiver.control])
        for waiver in waivers
    )
    return tuple(sorted(lines, key=lambda line: (line.expires, line.control, line.scope)))


def _waiver(waiver: Waiver, title: str, run: AuditRun, hosts: Collection[HostAudit]) -> WaiverLine:
    scoped = (h for h in hosts if waiver.scope in (h.host, h.municipality, ESTATE_SCOPE))
    return WaiverLine(
        **waiver.model_dump(),
        title=title,
        days_left=(waiver.expires - run.started.date()).days,
        hosts=tuple(host.host for host in scoped),
    )


def waivers_of(
    waivers: tuple[WaiverLine, ...], municipality: str, hosts: Collection[str]
) -> tuple[WaiverLine, ...]:
    """Return the waivers that concern a municipality: its own, its hosts', and the estate's.

    Of those the estate's accept, only its own hosts are named.
    """
    scopes = {municipality, ESTATE_SCOPE, *hosts}
    return tuple(
        waiver.model_copy(update={"hosts": tuple(h for h in waiver.hosts if h in hosts)})
        for waiver in waivers
        if waiver.scope in scopes
    )
