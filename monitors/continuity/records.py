"""The records that the programs on hosts write: drill results and backup status."""

from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from inventory.frozen import Frozen

MAX_BYTES = 4 * 1024 * 1024
# A record dated later than this from now: a wrong clock, or a lie.
CLOCK_TOLERANCE = timedelta(minutes=5)
# Wall clocks are set in small steps; steps are measured by another one.
CLOCK_STEP_SECONDS = 1.0
Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")]


class ContinuityError(Exception):
    """A drill result or a backup status is not what the programs on the hosts write."""


class Depth(StrEnum):
    """How deep a drill has proved a backup; each depth includes those above it."""

    JOB = "L0"
    FRESH = "L1"
    STRUCTURE = "L2"
    DATA = "L3"
    FILES = "L4"
    SERVICE = "L5"
    HOST = "L6"

    @property
    def number(self) -> int:
        """The digit, for a metric."""
        return int(self.value[1:])


class DrillStep(Frozen):
    """One step of a drill; `recovery` says that a real recovery would take it too."""

    name: str
    depth: Depth
    recovery: bool
    ok: bool
    seconds: Seconds
    error: str | None


class DrillResult(Frozen):
    """What `bastide-drill` printed: a restore that was really done, and measured.

    `rpo_seconds` is how old the newest restorable data was when the drill began; `rto_seconds`
    how long recovery took, None when it did not succeed. A recovery in no time is refused: such a
    timer was never started. `target` says which copy was read. It and `bytes_restored` are None of
    drills before they were told: these read the plan's first target.
    """

    host: Name
    municipality: Name
    plan: Name
    target: Name | None = None
    ok: bool
    depth: Depth | None
    snapshot: str | None
    snapshot_time: AwareDatetime | None
    rpo_seconds: Seconds | None
    rto_seconds: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None
    rows: dict[str, int]
    files_verified: int = Field(ge=0)
    files_moved: int = Field(ge=0)
    bytes_restored: int | None = Field(default=None, ge=0)
    started: AwareDatetime
    finished: AwareDatetime
    error: str | None
    steps: tuple[DrillStep, ...]

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> "DrillResult":
        if self.finished < self.started:
            raise ValueError("it finished before it started")
        if self.ok and (self.error or self.rto_seconds is None or not self.steps):
            raise ValueError("it says ok without a measured recovery, or with an error")
        if self.ok and not all(step.ok for step in self.steps):
            raise ValueError("it says ok although a step failed")
        if self.ok and not (self.files_verified or any(self.rows.values())):
            raise ValueError("it says ok although nothing was restored")
        if self.ok and self.depth != max(step.depth for step in self.steps):
            raise ValueError("it says ok at another depth than its steps reached")
        self._times_agree()
        return self

    def _times_agree(self) -> None:
        """Raise ValueError where a drill, or its recovery, was shorter than its steps."""
        took = (self.finished - self.started).total_seconds()
        recovery = sum(step.seconds for step in self.steps if step.recovery)
        if self.ok and sum(step.seconds for step in self.steps) > took + CLOCK_STEP_SECONDS:
            raise ValueError("its steps took longer than all of it")
        if self.ok and (self.rto_seconds or 0) < recovery - CLOCK_STEP_SECONDS:
            raise ValueError("its recovery was shorter than its steps")

    def age_seconds(self, now: datetime) -> float:
        """Return how long ago it began."""
        return (now - self.started).total_seconds()


class HostRecord(BaseModel):
    """A record that a host wrote; a newer program on the host may add fields."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Check(HostRecord):
    """What restic said of the repository when it was checked last."""

    at: AwareDatetime
    ok: bool
    error: str | None


class Snapshot(HostRecord):
    """The newest snapshot of a plan that the target holds."""

    id: str
    time: AwareDatetime
    snapshots: int = Field(ge=1)


class Doubt(HostRecord):
    """A snapshot that does not count, and why: it was not made by a run, or holds nothing."""

    id: str
    why: str


class LastRun(HostRecord):
    """The newest run of a plan, as far as it is known: what its snapshot holds, in octets."""

    size_bytes: float | None = Field(default=None, ge=0, allow_inf_nan=False)


class CopyStatus(HostRecord):
    """What a target that pulls a second copy answered the host; `error` when it did not."""

    target: Name
    snapshot: Snapshot | None
    error: str | None


class PlanStatus(HostRecord):
    """One plan of a host; `error` when the target could not be reached.

    `snapshot` is the newest that counts; `doubted` are newer ones that do not.
    """

    plan: Name
    snapshot: Snapshot | None
    doubted: tuple[Doubt, ...] = ()
    check: Check | None = None
    last_run: LastRun | None = None
    copies: tuple[CopyStatus, ...] = ()
    error: str | None

    @field_validator("check", "last_run", mode="before")
    @classmethod
    def _none_yet(cls, result: object) -> object:
        """A plan that was never run or checked has an empty result."""
        return result or None


class HostStatus(HostRecord):
    """What `bastide-backup status` printed."""

    host: str
    at: AwareDatetime
    plans: tuple[PlanStatus, ...]

    @field_validator("plans")
    @classmethod
    def _once_each(cls, plans: tuple[PlanStatus, ...], _: ValidationInfo) -> tuple[PlanStatus, ...]:
        if len({plan.plan for plan in plans}) != len(plans):
            raise ValueError("a plan is reported twice")
        return plans


class BucketCopy(HostRecord):
    """A copy in a bucket, as the target that puts it there was last told by the server.

    `newest` is when its newest snapshot came to that target, in seconds since 1970.
    """

    host: Name
    plan: Name
    target: Name
    newest: Seconds | None


class BucketStatus(HostRecord):
    """What `bastide-vault-push` leaves on a target of the copies that it has put into buckets."""

    at: Seconds
    copies: tuple[BucketCopy, ...]


def read_drill(path: Path) -> DrillResult:
    """Read a drill result; ContinuityError names the file and the first thing that is wrong."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ContinuityError(f"{path}: larger than {MAX_BYTES} bytes: not a drill result")
        return DrillResult.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise ContinuityError(f"{path}: not a drill result: {first_problem(error)}") from None
    except OSError as error:
        raise ContinuityError(f"{path}: {error.strerror}") from None


def read_status(text: str, origin: str) -> HostStatus:
    """Read what a host printed; ContinuityError names the origin and what is wrong."""
    try:
        return HostStatus.model_validate_json(text)
    except ValidationError as error:
        raise ContinuityError(f"{origin}: not a backup status: {first_problem(error)}") from None


def read_buckets(text: str, origin: str) -> BucketStatus:
    """Read what a target left of its buckets; ContinuityError names the origin and the problem."""
    try:
        return BucketStatus.model_validate_json(text)
    except ValidationError as error:
        raise ContinuityError(f"{origin}: not a bucket status: {first_problem(error)}") from None


def first_problem(error: ValidationError) -> str:
    """Return the first problem of a value that was refused, with its path."""
    first = error.errors()[0]
    path = ".".join(str(part) for part in first["loc"])
    return f"{first['msg']}{f' at {path}' if path else ''}"
