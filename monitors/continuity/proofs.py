"""What each service promises and what drills have proved of it, with the evidence."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from inventory.continuity import Promise, promise_of
from inventory.entries import InventoryService, services
from inventory.model.estate import Estate
from monitors.continuity.drill_history import CopyDrills, DrillFiles, clean_drills, drill_files
from monitors.continuity.plan_states import PlanState
from monitors.continuity.records import DrillResult

CONFIDENCE = 0.95
DAY_SECONDS = 86_400


@dataclass(frozen=True, slots=True)
class Evidence:
    """A good drill, its file and that file's SHA-256."""

    drill: DrillResult
    file: Path
    sha256: str


@dataclass(frozen=True, slots=True)
class PlanProof:
    """A plan's newest drill, and how many were clean in a row.

    `evidence` is the newest of each copy among those that were clean. `wrong` says in words what
    is not proved; nothing when all that is promised is.
    """

    state: PlanState
    drill: DrillResult | None
    evidence: tuple[Evidence, ...]
    clean: int
    wrong: tuple[str, ...]

    @property
    def newest(self) -> Evidence | None:
        """The evidence of the newest drill, where that succeeded."""
        return next((one for one in self.evidence if one.drill == self.drill), None)

    @property
    def failure_bound(self) -> float | None:
        """The share of restores that may fail, at 95 % confidence; None without a clean drill."""
        return failure_bound(self.clean)


@dataclass(frozen=True, slots=True)
class ServiceProof:
    """A service, what it promises, and the plans of its hosts; None: a host without a service."""

    municipality: str
    service: InventoryService | None
    promise: Promise | None
    plans: tuple[PlanProof, ...]

    @property
    def proved(self) -> bool:
        """Whether all of its plans are, and there is one."""
        return bool(self.plans) and not any(plan.wrong for plan in self.plans)


def failure_bound(clean: int) -> float | None:
    """Return the upper bound of the chance that a restore fails, after so many without a failure.

    1 - 0.05^(1/n), nearly 3/n (the "rule of three"): 12 drills leave 22 %, 58 leave 5 %.
    """
    return 1 - (1 - CONFIDENCE) ** (1 / clean) if clean else None


def proofs(
    estate: Estate, state_folder: Path, states: Sequence[PlanState], now: datetime
) -> tuple[ServiceProof, ...]:
    """Return every service with its plans, then the plans of hosts that no service names."""
    files = drill_files(state_folder)
    by_plan = [(state, _proof(state, files, now)) for state in states]
    found, named = [], set[str]()
    for entry in services(estate):
        own = tuple(proof for state, proof in by_plan if state.objectives.host in entry.hosts)
        found.append(ServiceProof(entry.tenant.id, entry, promise_of(entry.service), own))
        named |= set(entry.hosts)
    found += [
        ServiceProof(state.objectives.municipality, None, None, (proof,))
        for state, proof in by_plan
        if state.objectives.host not in named
    ]
    return tuple(found)


def _proof(state: PlanState, files: DrillFiles, now: datetime) -> PlanProof:
    clean = clean_drills(files, state.objectives.host, state.objectives.plan, now)
    drill = state.drills.newest
    wrong = tuple(_unproved(state, drill, now))
    return PlanProof(state, drill, tuple(_evidence(state, clean)), len(clean), wrong)


def _evidence(state: PlanState, clean: Sequence[tuple[Path, DrillResult]]) -> Iterator[Evidence]:
    """Yield the newest clean drill of each copy, with its file."""
    for copy in state.drills.copies:
        for file, drill in clean:
            if drill == copy.newest:
                yield Evidence(drill, file, sha256(file.read_bytes()).hexdigest())


def _unproved(state: PlanState, drill: DrillResult | None, now: datetime) -> list[str]:
    """Return what is not proved of a plan by its newest drill, and of each of its copies."""
    if drill is None:
        return ["never restored in a drill"]
    if state.drills.failed:
        return [
            f"the last drill{_from(state, copy)} failed: {copy.newest.error}"
            for copy in state.drills.failed
            if copy.newest
        ]
    objectives, wrong = state.objectives, []
    age = drill.age_seconds(now)
    if age > objectives.drill_every_seconds:
        wrong.append(f"restored last {age / DAY_SECONDS:.0f} days ago")
    if (drill.rto_seconds or 0) > objectives.rto_seconds:
        wrong.append("the restore took longer than the RTO")
    if (drill.rpo_seconds or 0) > objectives.rpo_seconds:
        wrong.append("more than the RPO was lost")
    return [*wrong, *_unproved_copies(state, now)]


def _unproved_copies(state: PlanState, now: datetime) -> Iterator[str]:
    """Yield which of several copies nobody has restored in a whole turn of drills."""
    copies = state.drills.copies
    turn = state.drills.turn_seconds(state.objectives.drill_every_seconds)
    for copy in copies if len(copies) > 1 else ():
        if copy.newest is None:
            yield f"the copy on {copy.target} was never restored in a drill"
        elif (age := copy.newest.age_seconds(now)) > turn:
            yield f"the copy on {copy.target} was restored last {age / DAY_SECONDS:.0f} days ago"


def _from(state: PlanState, copy: CopyDrills) -> str:
    return f" from {copy.target}" if len(state.drills.copies) > 1 else ""
