"""What a mayor has to know of a municipality's audit, as values that the page puts in words."""

from collections import Counter, defaultdict
from typing import NamedTuple

from monitors.audit.model.controls import WEIGHT, Severity
from monitors.audit.model.results import Outcome
from monitors.audit.reports.model import ControlLine, MunicipalityReport, Report, WaiverLine
from monitors.audit.reports.remedy import CENTRAL, kind_of

WORST_SHOWN = 3


class Worst(NamedTuple):
    """A control that is not met, and where."""

    control: ControlLine
    hosts: list[str]


class Summary(NamedTuple):
    """What is open in a municipality; waived failures are not counted among `failing`."""

    failing: int
    by_severity: list[tuple[Severity, int]]
    worst: list[Worst]
    by_playbook: int
    by_hand: int
    accepted: int
    undetermined: int
    unasked: list[str]
    waivers: int
    next_end: WaiverLine | None
    waivers_ended: int

    @property
    def nothing_to_do(self) -> bool:
        """Whether nobody has to do anything before the next audit."""
        return not (self.failing or self.undetermined or self.unasked or self.waivers_ended)


def summarize(report: Report, municipality: MunicipalityReport) -> Summary:
    """Return what is open in a municipality: the gravest and most frequent first."""
    controls = {control.id: control for control in report.controls}
    failing: defaultdict[str, list[str]] = defaultdict(list)
    severities: Counter[Severity] = Counter()
    by_central = 0
    for host in municipality.hosts:
        for line in host.lines:
            if line.outcome is Outcome.FAIL and not line.waived:
                failing[line.control].append(host.host)
                severities[line.severity] += 1
                by_central += kind_of(host, line, controls[line.control]) in CENTRAL
    worst = sorted(failing, key=lambda c: (-WEIGHT[controls[c].severity], -len(failing[c]), c))
    running = [waiver for waiver in municipality.waivers if not waiver.expired]
    return Summary(
        failing=severities.total(),
        by_severity=[(s, severities[s]) for s in reversed(Severity) if severities[s]],
        worst=[Worst(controls[c], failing[c]) for c in worst[:WORST_SHOWN]],
        by_playbook=by_central,
        by_hand=severities.total() - by_central,
        accepted=municipality.after.waived,
        undetermined=sum(
            line.outcome is Outcome.ERROR
            for host in municipality.hosts
            if not host.problem
            for line in host.lines
        ),
        unasked=[host.host for host in municipality.hosts if host.problem],
        waivers=len(running),
        next_end=running[0] if running else None,
        waivers_ended=len(municipality.waivers) - len(running),
    )
