"""What is not met in a municipality, told once a control however many servers it is on."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from monitors.audit.model.controls import WEIGHT
from monitors.audit.model.results import Outcome
from monitors.audit.reports.model import ControlLine, HostReport, Line, MunicipalityReport
from monitors.audit.reports.remedy import Remedy, remedies


class Observation(NamedTuple):
    """What was found alike on some hosts; `line` is the first one's."""

    hosts: tuple[str, ...]
    line: Line


class Finding(NamedTuple):
    """A control that does not pass somewhere: open, not determined, or accepted."""

    control: ControlLine
    line: Line
    observations: tuple[Observation, ...]
    remedies: tuple[Remedy, ...]

    @property
    def open(self) -> bool:
        """Whether it is not met and nobody has accepted that."""
        return self.line.outcome is Outcome.FAIL and not self.line.waived


def findings(
    municipality: MunicipalityReport, controls: dict[str, ControlLine]
) -> tuple[Finding, ...]:
    """Return the findings of hosts that could be asked: open, then unknown, then accepted."""
    found: dict[tuple[str, str], list[tuple[HostReport, Line]]] = {}
    for host in municipality.hosts:
        for line in () if host.problem else host.findings:
            found.setdefault((line.control, line.word), []).append((host, line))
    findings = (_finding(lines, controls[control]) for (control, _), lines in found.items())
    return tuple(sorted(findings, key=_urgency))


def _urgency(finding: Finding) -> tuple[bool, bool, int, int, str]:
    line, hosts = finding.line, sum(len(seen.hosts) for seen in finding.observations)
    unknown = line.outcome is Outcome.ERROR
    return line.waived, unknown, -WEIGHT[line.severity], -hosts, line.control


def _finding(lines: list[tuple[HostReport, Line]], control: ControlLine) -> Finding:
    return Finding(
        control=control,
        line=lines[0][1],
        observations=tuple(_alike(lines)),
        remedies=tuple(remedies(lines, control)),
    )


def mended(municipality: MunicipalityReport) -> tuple[tuple[str, tuple[Observation, ...]], ...]:
    """Return what was mended since the earlier audit, by control, and what was found then."""
    lines: dict[str, list[tuple[HostReport, Line]]] = {}
    for host in municipality.hosts:
        for line in host.mended:
            lines.setdefault(line.control, []).append((host, line))
    return tuple((control, tuple(_alike(found))) for control, found in sorted(lines.items()))


def _alike(lines: Iterable[tuple[HostReport, Line]]) -> Iterator[Observation]:
    """Yield lines that say the same, together."""
    groups: dict[object, list[tuple[str, Line]]] = {}
    for host, line in lines:
        day = line.since.date() if line.since else None
        key = line.reason, day, line.last_good and line.last_good.date(), line.waiver
        groups.setdefault(key, []).append((host.host, line))
    for group in groups.values():
        yield Observation(tuple(host for host, _ in group), group[0][1])
