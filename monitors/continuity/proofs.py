"""What each service promises and what drills have proved of it, with the evidence."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from inventory.continuity import Promise, promise_of
from inventory.entries import InventoryService, services
from inventory.model.estate import Estate
from monitors.continuity.drill_history import DrillFiles, clean_drills, drill_files
from monitors.continuity.plan_states import PlanState
from monitors.continuity.records import DrillResult

CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class PlanProof:
    """A plan's newest drill, its file and that file's SHA-256, and how many were clean in a row.

    `wrong` says in words what is not proved; nothing when all that is promised is.
    """

    state: PlanState
    drill: DrillResult | None
    file: Path | None
    file_sha256: str | None
    clean: int
    wrong: tuple[str, ...]

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
    file = clean[0][0] if clean and drill and clean[0][1] == drill else None
    digest = sha256(file.read_bytes()).hexdigest() if file else None
    wrong = tuple(_unproved(state, drill, now))
    return PlanProof(state, drill, file, digest, len(clean), wrong)


def _unproved(state: PlanState, drill: DrillResult | None, now: datetime) -> list[str]:
    if drill is None:
        return ["never restored in a drill"]
    if not drill.ok:
        return [f"the last drill failed: {drill.error}"]
    objectives, wrong = state.objectives, []
    days = (now - drill.started).total_seconds() / 86_400
    if days * 86_400 > objectives.drill_every_seconds:
        wrong.append(f"restored last {days:.0f} days ago")
    if (drill.rto_seconds or 0) > objectives.rto_seconds:
        wrong.append("the restore took longer than the RTO")
    if (drill.rpo_seconds or 0) > objectives.rpo_seconds:
        wrong.append("more than the RPO was lost")
    return wrong
