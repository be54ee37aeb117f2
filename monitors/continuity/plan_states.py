"""Every backup plan of the inventory with the state of its snapshots and drills."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from inventory.model.estate import Estate
from monitors.continuity.drill_history import DrillHistory, drill_files, read_drill_history
from monitors.continuity.host_status import ReadFile, bucket_copies, newest_status
from monitors.continuity.objectives import BackupObjectives, backup_objectives
from monitors.continuity.records import (
    Check,
    ContinuityError,
    CopyStatus,
    Doubt,
    DrillResult,
    HostStatus,
    PlanStatus,
)

BucketCopies = dict[tuple[str, str, str], datetime]


@dataclass(frozen=True, slots=True)
class PlanState:
    """A plan of the inventory, and what is known of its snapshots and drills.

    `problem` says why the newest snapshot is not known; `reported_at` is when the host asked its
    backup target; `octets` what the newest run put into its snapshot; `copies` what each further
    target answered that has pulled one. Of a copy in a bucket, `in_bucket` is when its newest
    snapshot came to the target that puts it there, or why that is not known.
    """

    objectives: BackupObjectives
    reported_at: datetime | None
    last_snapshot: datetime | None
    snapshots: int
    problem: str | None
    drills: DrillHistory
    check: Check | None = None
    doubted: tuple[Doubt, ...] = ()
    octets: float | None = None
    copies: tuple[CopyStatus, ...] = ()
    in_bucket: datetime | str | None = None

    @property
    def last_drill(self) -> DrillResult | None:
        """The newest drill, whether it succeeded or not."""
        return self.drills.newest

    @property
    def second_snapshot(self) -> datetime | None:
        """When the newest snapshot was made that the second target holds, as far as is known."""
        if isinstance(self.in_bucket, datetime):
            return self.in_bucket
        wanted = self.objectives.second_target
        times = [c.snapshot.time for c in self.copies if c.target == wanted and c.snapshot]
        return max(times, default=None)

    def age_seconds(self, now: datetime) -> float | None:
        """Return how old the newest snapshot is, None when none is known."""
        return (now - self.last_snapshot).total_seconds() if self.last_snapshot else None

    def within_rpo(self, now: datetime) -> bool:
        """Say whether the newest snapshot is known and young enough."""
        age = self.age_seconds(now)
        return age is not None and age <= self.objectives.rpo_seconds


def read_plan_states(state: Path, estate: Estate, read_file: ReadFile) -> tuple[PlanState, ...]:
    """Return every plan of the estate in the inventory's order; what is broken is a value too."""
    plans = backup_objectives(estate)
    planned = dict.fromkeys(plan.host for plan in plans)
    statuses = {host: _status_or_problem(state, host, read_file) for host in planned}
    putting = dict.fromkeys(plan.target for plan in plans if plan.in_bucket)
    buckets = {target: _copies_or_problem(state, target, read_file) for target in putting}
    return tuple(
        replace(_state(plan, statuses[plan.host], history), in_bucket=_in_bucket(plan, buckets))
        for plan, history in _histories(state, plans)
    )


def newest_drills(state: Path, estate: Estate) -> tuple[DrillResult, ...]:
    """Return the newest drill of every copy that is to be there, in the inventory's order."""
    return tuple(
        copy.newest
        for _, history in _histories(state, backup_objectives(estate))
        for copy in history.copies
        if copy.newest
    )


def _histories(
    state: Path, plans: Iterable[BackupObjectives]
) -> Iterator[tuple[BackupObjectives, DrillHistory]]:
    now, files = datetime.now(UTC), drill_files(state)
    for plan in plans:
        yield plan, read_drill_history(files, plan.host, plan.plan, plan.targets, now)


def _status_or_problem(state: Path, host: str, read_file: ReadFile) -> HostStatus | str:
    try:
        return newest_status(state, host, read_file) or "the host was not audited yet"
    except ContinuityError as error:
        return str(error)


def _copies_or_problem(state: Path, target: str, read_file: ReadFile) -> BucketCopies | str:
    try:
        return bucket_copies(state, target, read_file)
    except ContinuityError as error:
        return str(error)


def _in_bucket(
    plan: BackupObjectives, buckets: dict[str, BucketCopies | str]
) -> datetime | str | None:
    if not plan.in_bucket or plan.second_target is None:
        return None
    found = buckets[plan.target]
    if isinstance(found, str):
        return found
    known = found.get((plan.host, plan.plan, plan.second_target))
    return known or f"{plan.target} knows of no snapshot there"


def _state(plan: BackupObjectives, status: HostStatus | str, drills: DrillHistory) -> PlanState:
    if isinstance(status, str):
        return PlanState(plan, None, None, 0, status, drills)
    plan_status = next((s for s in status.plans if s.plan == plan.plan), None)
    snapshot = plan_status.snapshot if plan_status else None
    return PlanState(
        objectives=plan,
        reported_at=status.at,
        last_snapshot=snapshot.time if snapshot else None,
        snapshots=snapshot.snapshots if snapshot else 0,
        problem=None if snapshot else _problem(plan_status),
        drills=drills,
        check=plan_status.check if plan_status else None,
        doubted=plan_status.doubted if plan_status else (),
        octets=plan_status.last_run.size_bytes if plan_status and plan_status.last_run else None,
        copies=plan_status.copies if plan_status else (),
    )


def _problem(plan_status: PlanStatus | None) -> str:
    if plan_status is None:
        return "the host does not know this plan: run `bastide playbook run configure`"
    if plan_status.doubted:
        newest = plan_status.doubted[0]
        return f"the target holds none that counts: {newest.id[:8]} {newest.why}"
    return plan_status.error or "the target holds no snapshot of it"
