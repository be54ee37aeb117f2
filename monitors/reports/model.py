"""What a compliance report says, as values; HTML and JSON are two faces of the same."""

from datetime import date, datetime

from inventory.model import Frozen
from inventory.words import Role, Tier
from monitors.security.controls import FrameworkReferences, Severity
from monitors.security.results import Accepted, Evidence, Outcome


class ScoreLine(Frozen):
    """A score with what it is made of; shares are from 0 to 1, None when nothing was determined."""

    proved: float | None
    accepted: float | None
    coverage: float | None
    passed: int
    failed: int
    waived: int
    undetermined: int
    skipped: int


class Finding(Frozen):
    """A control that does not pass on a host, with the evidence; `role` mends it, or a person."""

    control: str
    title: str
    why: str
    severity: Severity
    references: FrameworkReferences
    role: str | None
    outcome: Outcome
    before: Outcome | None
    reason: str
    evidence: tuple[Evidence, ...]
    waiver: Accepted | None


class Skipped(Frozen):
    """A control that does not apply to a host, and why."""

    control: str
    reason: str


class Change(Frozen):
    """One control on one host, before and after."""

    before: Outcome | None
    after: Outcome
    waived: bool


class Source(Frozen):
    """A bundle that results came from, by its place under the state folder and its hash."""

    run: str
    bundle: str
    sha256: str
    collected: datetime
    collector: int | None
    clock_offset_seconds: float | None


class HostPage(Frozen):
    """One host before and after; `mended` has what failed before, with its evidence of then."""

    host: str
    roles: tuple[Role, ...]
    before: ScoreLine | None
    after: ScoreLine
    problem: str
    findings: tuple[Finding, ...]
    mended: tuple[Finding, ...]
    skipped: tuple[Skipped, ...]
    outcomes: dict[str, Change]
    sources: tuple[Source, ...]


class PlacePage(Frozen):
    """A municipality or the central site."""

    id: str
    name: str
    tier: Tier | None
    before: ScoreLine | None
    after: ScoreLine
    hosts: tuple[HostPage, ...]


class Common(Frozen):
    """A control that fails on several hosts: where one change helps most."""

    control: str
    title: str
    why: str
    severity: Severity
    hosts: tuple[str, ...]


class WaiverLine(Frozen):
    """A waiver as the estate grants it, and what it does now."""

    control: str
    title: str
    scope: str
    reason: str
    approver: str
    expires: date
    expired: bool
    hosts: tuple[str, ...]


class ControlLine(Frozen):
    """A row of the control table."""

    id: str
    title: str
    severity: Severity
    references: FrameworkReferences


class Run(Frozen):
    """One of the audits that the report compares."""

    label: str
    started: datetime
    seconds: float
    controls_sha256: str


class Report(Frozen):
    """The whole report."""

    estate: str
    title: str
    before_run: Run | None
    after_run: Run
    before: ScoreLine | None
    after: ScoreLine
    mended: int
    places: tuple[PlacePage, ...]
    common: tuple[Common, ...]
    waivers: tuple[WaiverLine, ...]
    controls: tuple[ControlLine, ...]
    weights: dict[Severity, int]
