"""What an audit found: frozen values, kept as one JSON file a run."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from pathlib import Path

from pydantic import ValidationError

from inventory.enums import Role, Tier
from inventory.files import write_first
from inventory.model import Frozen
from monitors.audit.model.controls import Severity

STAMP = "%Y%m%dT%H%M%S.%fZ"


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
    """One host's results and the bundle they came from; `problem` says why there is none."""

    host: str
    municipality: str
    tier: Tier | None
    roles: tuple[Role, ...]
    collected: datetime | None = None
    bundle: str | None = None
    bundle_sha256: str | None = None
    collector: int | None = None
    commands_sha256: str | None = None
    clock_offset_seconds: float | None = None
    seconds: float = 0.0
    problem: str = ""
    results: tuple[Result, ...]

    @property
    def good(self) -> bool:
        """Whether everything could be determined and nothing fails without a waiver."""
        bad = (Outcome.FAIL, Outcome.ERROR)
        return not any(r.outcome in bad and not r.is_waived for r in self.results)

    @property
    def text(self) -> str:
        """The host's results in one line for people."""
        if self.problem:
            return self.problem
        counts = Counter(result.outcome for result in self.results)
        parts = [f"{counts[Outcome.PASS]} pass", f"{counts[Outcome.FAIL]} fail"]
        if waived := sum(result.is_waived for result in self.results):
            parts[-1] += f" ({waived} waived)"
        if counts[Outcome.ERROR]:
            parts.append(f"{counts[Outcome.ERROR]} could not be determined")
        return ", ".join(parts)


class AuditRun(Frozen):
    """One audit of some of an estate's hosts, sorted by host name.

    The hashes name what the hosts were judged by, kept under `<state>/evidence`. `whole` says
    that every host was asked that the estate declared then: others have left it.
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
    hosts: tuple[HostAudit, ...]

    def counts(self) -> Counter[Outcome]:
        """Return how many results of all hosts have each outcome."""
        return Counter(result.outcome for host in self.hosts for result in host.results)


class AuditError(Exception):
    """An audit's file cannot be read, or there is none."""


def stamp(moment: datetime) -> str:
    """Return a UTC time as file names carry it; they sort by time."""
    return moment.astimezone(UTC).strftime(STAMP)


def moment_of(file: Path) -> datetime:
    """Return the time that a stamped file's name carries; ValueError when it has none."""
    return datetime.strptime(file.name.partition("Z")[0] + "Z", STAMP).replace(tzinfo=UTC)


def write_stamped(folder: Path, moment: datetime, ending: str, content: str | bytes) -> Path:
    """Write `<folder>/<stamp><ending>` whole, under the next free stamp; return its path."""
    while True:
        path = folder / f"{stamp(moment)}{ending}"
        try:
            write_first(path, content)
        except FileExistsError:
            if not path.exists():
                raise  # it is the folder that cannot be made
            moment += timedelta(microseconds=1)
        else:
            return path


def save(run: AuditRun, state: Path) -> Path:
    """Write a run to `<state>/audits/<stamp>-<label>.json`, whole; no other run is replaced."""
    content = run.model_dump_json(indent=1) + "\n"
    return write_stamped(state / "audits", run.started, f"-{run.label}.json", content)


def load(path: Path) -> AuditRun:
    """Read a run's file; AuditError says what is wrong with it."""
    try:
        return AuditRun.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise AuditError(
            f"{path}: not an audit's results: {error}; run `bastide audit run`"
        ) from None


def audit_files(state: Path, label: str | None = None) -> tuple[Path, ...]:
    """Return the files of past runs, newest first."""
    files = (state / "audits").glob(f"*Z-{label or '*'}.json")
    return tuple(sorted(files, reverse=True))


def load_latest(state: Path, label: str | None = None) -> AuditRun | None:
    """Return the newest run (with a label), or None when there was none.

    Raises AuditError when its file is damaged.
    """
    files = audit_files(state, label)
    return load(files[0]) if files else None
