"""What an audit found, as frozen values."""

from datetime import date, datetime
from enum import StrEnum

from pydantic import Field

from inventory.enums import Level, Role, Tier
from inventory.frozen import Frozen
from monitors.audit.model.controls import Severity


class Outcome(StrEnum):
    """What a check said; `error` is "could not be determined", never "non-compliant"."""

    PASS = "pass"  # noqa: S105
    FAIL = "fail"
    ERROR = "error"
    SKIP = "skip"


class Evidence(Frozen):
    """One command that a check relied on; the whole output is in the bundle."""

    command: str
    rc: int | None
    sha256: str
    excerpt: str = ""


class Accepted(Frozen):
    """The waiver under which a failure is accepted; an expired one accepts nothing."""

    scope: str
    reason: str
    owner: str
    approver: str
    measure: str
    expires: date
    expired: bool


class Result(Frozen):
    """One control on one host."""

    control: str
    severity: Severity
    outcome: Outcome
    reason: str = ""
    evidence: tuple[Evidence, ...] = ()
    waiver: Accepted | None = None

    @property
    def is_waived(self) -> bool:
        """Whether it fails and a waiver in force accepts that."""
        accepted = self.waiver is not None and not self.waiver.expired
        return accepted and self.outcome is Outcome.FAIL


class HostAudit(Frozen):
    """One host's results and the bundle they came from; `problem` says why there is none.

    `level` is how far the host is managed: what fails at `audit` is a finding, not a promise that
    was broken. None in results from before there were levels.
    """

    host: str
    municipality: str
    tier: Tier | None
    roles: tuple[Role, ...]
    level: Level | None = None
    collected: datetime | None = None
    bundle: str | None = None
    bundle_sha256: str | None = None
    collector: int | None = None
    commands_sha256: str | None = None
    outside: str | None = Field(
        default=None,
        exclude_if=lambda outside: outside is None,
        description="what was seen of it from outside, beside the bundle",
    )
    outside_sha256: str | None = Field(default=None, exclude_if=lambda digest: digest is None)
    clock_offset_seconds: float | None = None
    seconds: float = 0.0
    problem: str = ""
    results: tuple[Result, ...]

    @property
    def good(self) -> bool:
        """Whether everything could be determined and nothing fails without a waiver."""
        bad = (Outcome.FAIL, Outcome.ERROR)
        return not any(r.outcome in bad and not r.is_waived for r in self.results)


class WatchedHost(Frozen):
    """A host that is watched from outside only: nobody logs in to it, so it is not audited."""

    host: str
    municipality: str


class AuditRun(Frozen):
    """One audit of some of an estate's hosts, sorted by host name.

    The hashes name what the hosts were judged by, kept under `<state>/evidence`. `whole` says
    that every host was asked that the estate declared then, but for those that are only
    `watched`: others have left it.
    """

    estate: str
    label: str
    started: datetime
    seconds: float
    controls_sha256: str
    waivers_sha256: str = ""
    declared_sha256: str = ""
    checks_sha256: str = ""
    whole: bool = False
    watched: tuple[WatchedHost, ...] = ()
    hosts: tuple[HostAudit, ...]

    @property
    def asked(self) -> int:
        """How many hosts could be asked."""
        return sum(not host.problem for host in self.hosts)

    @property
    def declared(self) -> int:
        """How many hosts the run is about, audited or only watched."""
        return len(self.hosts) + len(self.watched)
