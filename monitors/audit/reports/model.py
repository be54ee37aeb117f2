"""What a compliance report says, as values; every format is a face of the same report.

Shares are from 0 to 1, None when nothing was determined. Texts from hosts and people are
`ReportText`.
"""

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, ConfigDict, Field

from inventory.enums import Level, Role, Tier
from inventory.frozen import Frozen
from inventory.model.waivers import ESTATE_SCOPE
from monitors.audit.history.model import TrendPoint
from monitors.audit.model.controls import WEIGHT, FrameworkReferences, Severity
from monitors.audit.model.results import Accepted, Evidence, Outcome
from monitors.text import ReportText, report_fields

Which = Literal["before", "after"]
BAD = (Outcome.FAIL, Outcome.ERROR)


class Attribution(Frozen):
    """What a change of a score came from, in shares; they add up to the change."""

    host: float
    control_set: float
    waiver: float
    scope: float


class ScoreLine(Frozen):
    """A score with what it is made of; `failed` includes what is waived."""

    proved: float | None
    accepted: float | None
    coverage: float | None
    passed: int
    failed: int
    waived: int
    undetermined: int
    skipped: int

    @property
    def open(self) -> int:
        """How many fail and are not accepted."""
        return self.failed - self.waived

    @property
    def results(self) -> int:
        """How many results there are, with those that do not apply."""
        return self.passed + self.failed + self.undetermined + self.skipped

    @property
    def skipped_share(self) -> float | None:
        """The share of all results that does not apply."""
        return self.skipped / self.results if self.results else None


class Line(Frozen):
    """One control on one host; `since` and `last_good` are what the store remembers of a failure.

    Evidence is carried where a control does not pass; a bundle has all of it.
    """

    control: str
    severity: Severity
    outcome: Outcome
    before: Outcome | None
    waived: bool
    reason: ReportText
    since: datetime | None
    last_good: datetime | None
    evidence: tuple[Annotated[Evidence, AfterValidator(report_fields)], ...]
    waiver: Annotated[Accepted, AfterValidator(report_fields)] | None

    @property
    def word(self) -> str:
        """The outcome in one word, with `waived` for a failure that is accepted."""
        return "waived" if self.waived else self.outcome.value


def _urgency(line: Line) -> tuple[bool, bool, int, str]:
    return line.waived, line.outcome is Outcome.ERROR, -WEIGHT[line.severity], line.control


class Source(Frozen):
    """A bundle that results came from, by its path under the state folder and its hash."""

    run: Which
    bundle: ReportText
    sha256: ReportText
    collected: datetime
    collector: int | None
    clock_offset_seconds: float | None


class HostReport(Frozen):
    """One host; `mended` has what failed before and passes now, with its evidence of then.

    `level` is how far it is managed; None in audits from before there were levels.
    """

    host: ReportText
    roles: tuple[Role, ...]
    level: Level | None
    before: ScoreLine | None
    after: ScoreLine
    problem: ReportText
    seconds: float
    lines: tuple[Line, ...]
    mended: tuple[Line, ...]
    sources: tuple[Source, ...]

    @property
    def findings(self) -> tuple[Line, ...]:
        """What does not pass: failures, then what is unknown, then what is waived; worst first."""
        bad = (line for line in self.lines if line.outcome in BAD)
        return tuple(sorted(bad, key=_urgency))

    @property
    def skips(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """What does not apply: each reason with its controls."""
        reasons: dict[str, list[str]] = {}
        for line in self.lines:
            if line.outcome is Outcome.SKIP:
                reasons.setdefault(line.reason, []).append(line.control)
        return tuple((reason, tuple(ids)) for reason, ids in reasons.items())

    @property
    def source(self) -> Source | None:
        """The bundle of the run that the report is on."""
        return next((source for source in self.sources if source.run == "after"), None)


class WaiverLine(Frozen):
    """A waiver as the estate grants it, how long it lasts, and the failures it accepts now."""

    control: str
    title: str
    scope: ReportText
    reason: ReportText
    owner: ReportText
    approver: ReportText
    measure: ReportText
    granted: date
    expires: date
    days_left: int
    hosts: tuple[str, ...]

    @property
    def expired(self) -> bool:
        """Whether its last day is over."""
        return self.days_left < 0


class WindowLine(Frozen):
    """A maintenance window, and how often and how long it was open in the days before the audit.

    `last_start` and `last_end` are in UTC; `open` says whether it was while the audit began.
    """

    scope: ReportText
    why: ReportText
    who: ReportText
    openings: int
    seconds: float
    last_start: datetime
    last_end: datetime
    open: bool


class MunicipalityReport(Frozen):
    """A municipality or the central site; `file` names its pages and documents."""

    id: str
    file: str
    name: ReportText
    tier: Tier | None
    before: ScoreLine | None
    after: ScoreLine
    trend: tuple[TrendPoint, ...]
    waivers: tuple[WaiverLine, ...]
    windows: tuple[WindowLine, ...]
    hosts: tuple[HostReport, ...]

    def window_of(self, host: str) -> WindowLine | None:
        """Return the maintenance window that a host stood in while the audit began."""
        scopes = {ESTATE_SCOPE, self.id, host}
        return next((line for line in self.windows if line.open and line.scope in scopes), None)


class Common(Frozen):
    """A control that fails on some hosts."""

    control: str
    hosts: tuple[str, ...]


class Changes(Frozen):
    """What is different from the run before; `broken` passed then and fails now.

    Unless `certain`, what a changed check did to the score counts as the hosts' doing.
    """

    mended: int
    lost: int
    broken: tuple[Common, ...]
    hosts_new: tuple[str, ...]
    hosts_gone: tuple[str, ...]
    controls_new: tuple[str, ...]
    controls_gone: tuple[str, ...]
    certain: bool
    score: Attribution | None
    accepted: Attribution | None


class OpenFailure(Frozen):
    """A control that fails, since when on the first host, and where, the oldest first."""

    control: str
    since: datetime
    hosts: tuple[str, ...]


class RepairLine(Frozen):
    """How long failures of one severity lasted until they were seen mended."""

    severity: Severity
    mended: int
    median_seconds: float | None
    longest_seconds: float | None
    open: int


class Match(Frozen):
    """A control that a framework's reference asks for; unconfirmed ones are matches by topic."""

    control: str
    confirmed: bool


class ReferenceLine(Frozen):
    """A framework's reference, and on how many hosts all of its controls that apply pass."""

    reference: str
    matches: tuple[Match, ...]
    hosts: int
    passing: int
    waived: int
    failing: int
    undetermined: int


class Framework(Frozen):
    """What one framework asks for, reference by reference."""

    key: str
    references: tuple[ReferenceLine, ...]


class ControlLine(Frozen):
    """A row of the control table; `role` mends it, or a person when None; `own`: the estate's."""

    id: str
    title: str
    why: str
    severity: Severity
    references: FrameworkReferences
    role: str | None
    tag: str
    own: bool = False

    @property
    def origin(self) -> str:
        """Who judges so, for programs: `bastide`, or the `estate` whose own control it is."""
        return "estate" if self.own else "bastide"


class Run(Frozen):
    """One of the audits that the report compares."""

    label: ReportText
    started: datetime
    seconds: float
    controls_sha256: ReportText
    waivers_sha256: ReportText
    declared_sha256: ReportText
    checks_sha256: ReportText


class Seal(Frozen):
    """The link of the chain that seals the run: its number, its hash, its key's fingerprint."""

    number: int
    sha256: str
    fingerprint: str


class HostCoverage(Frozen):
    """How many hosts could be audited of all that the run is about; `watched` are not logged in."""

    hosts: int
    audited: int
    watched: tuple[ReportText, ...]


class Report(Frozen):
    """The whole report; `stamp` names its files, `controls` has a row for every control in it.

    `seal` is None when the run was not sealed; `version` is that of the Bastide that wrote it.
    """

    model_config = ConfigDict(serialize_by_alias=True)

    estate: str
    title: ReportText
    stamp: str
    before_run: Run | None
    after_run: Run
    seal: Seal | None
    version: str
    before: ScoreLine | None
    after: ScoreLine
    coverage: HostCoverage
    changes: Changes | None
    trend: tuple[TrendPoint, ...]
    municipalities: tuple[MunicipalityReport, ...] = Field(serialization_alias="places")
    common: tuple[Common, ...]
    oldest: tuple[OpenFailure, ...]
    repairs: tuple[RepairLine, ...]
    waivers: tuple[WaiverLine, ...]
    frameworks: tuple[Framework, ...]
    controls: tuple[ControlLine, ...]
    weights: dict[Severity, int]
    score_model: int
