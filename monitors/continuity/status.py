"""Every expected plan beside what is known of it: for people, and for the metrics."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from inventory.model import Estate
from monitors.continuity.drills import Drilled, drilled
from monitors.continuity.expected import Expected, expected
from monitors.continuity.model import ContinuityError, DrillResult, HostStatus, PlanStatus
from monitors.continuity.snapshots import newest_status


@dataclass(frozen=True, slots=True)
class PlanState:
    """A plan of the inventory, and what is known of its snapshots and drills.

    `problem` says why nothing newer is known; `asked` is when the host was asked.
    """

    expected: Expected
    asked: datetime | None
    last_snapshot: datetime | None
    snapshots: int
    problem: str | None
    drilled: Drilled

    @property
    def last_drill(self) -> DrillResult | None:
        """The newest drill, whether it succeeded or not."""
        return self.drilled.newest

    def age_seconds(self, now: datetime) -> float | None:
        """Return how old the newest snapshot is, None when none is known."""
        return (now - self.last_snapshot).total_seconds() if self.last_snapshot else None

    def within_rpo(self, now: datetime) -> bool:
        """Say whether the newest snapshot is known and young enough."""
        age = self.age_seconds(now)
        return age is not None and age <= self.expected.rpo_seconds


def read(state: Path, estate: Estate) -> tuple[PlanState, ...]:
    """Return every plan of the estate in the inventory's order; what is broken is a value too."""
    plans = expected(estate)
    asked = {host: _ask(state, host) for host in dict.fromkeys(plan.host for plan in plans)}
    now = datetime.now(UTC)
    return tuple(
        _state(plan, asked[plan.host], drilled(state, plan.host, plan.plan, now)) for plan in plans
    )


def _ask(state: Path, host: str) -> HostStatus | str:
    try:
        return newest_status(state, host) or "the host was not audited yet"
    except ContinuityError as error:
        return str(error)


def _state(plan: Expected, told: HostStatus | str, drills: Drilled) -> PlanState:
    if isinstance(told, str):
        return PlanState(plan, None, None, 0, told, drills)
    found = next((known for known in told.plans if known.plan == plan.plan), None)
    snapshot = found.snapshot if found else None
    return PlanState(
        expected=plan,
        asked=told.at,
        last_snapshot=snapshot.time if snapshot else None,
        snapshots=snapshot.snapshots if snapshot else 0,
        problem=None if snapshot else _problem(found),
        drilled=drills,
    )


def _problem(found: PlanStatus | None) -> str:
    if found is None:
        return "the host does not know this plan: run `bastide playbook run configure`"
    return found.error or "the target holds no snapshot of it"
