"""The plan for the day when everything is down: waves of hosts, with hours where measured.

A drill to depth L6 measures the whole way of a host; any other measures the recovery of its data
alone. What nobody has measured is said to be so, and makes a sum a lower bound.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from inventory.backup_plans import backup_plans, second_target
from inventory.continuity import Promise
from inventory.entries import InventoryHost, InventoryService, services
from inventory.model.estate import Estate
from inventory.model.hosts import BackupPlan
from inventory.rebuild_order import Wave, waves
from monitors.continuity.estimates import estimated_seconds, held_against
from monitors.continuity.plan_states import PlanState
from monitors.continuity.records import Depth


@dataclass(frozen=True, slots=True)
class PlanRecovery:
    """A backup plan: where its copies are, and how long its recovery will take.

    `second_target` holds a copy that is used when `target` does not answer; None without one.

    `seconds` and `measured_at` are None where no drill has succeeded. `whole_host`: the drill
    rebuilt the machine as well.
    """

    plan: str
    target: str
    seconds: float | None
    measured_at: datetime | None
    whole_host: bool
    snapshot: datetime | None
    octets: float | None
    second_target: str | None = None
    # Of the last good drill: what the one before let expect, and what it took.
    held: tuple[float, float] | None = None

    @property
    def targets(self) -> tuple[str, ...]:
        """The hosts that hold copies, in the order in which they are asked."""
        return (self.target, self.second_target) if self.second_target else (self.target,)


@dataclass(frozen=True, slots=True)
class HostRecovery:
    """A host to rebuild: what it promises, the services that stand on it, its plans."""

    entry: InventoryHost
    promise: Promise
    services: tuple[InventoryService, ...]
    plans: tuple[PlanRecovery, ...]

    @property
    def seconds(self) -> float | None:
        """How long its data takes; None where a plan was not measured, 0 where there is none."""
        known = [plan.seconds for plan in self.plans if plan.seconds is not None]
        return sum(known) if len(known) == len(self.plans) else None

    @property
    def held(self) -> tuple[float, float] | None:
        """What the last good drills were expected to take and took; None where one has neither."""
        known = [plan.held for plan in self.plans if plan.held]
        if len(known) != len(self.plans):
            return None
        return sum(expected for expected, _ in known), sum(took for _, took in known)

    @property
    def machine_measured(self) -> bool:
        """Whether a drill has rebuilt the machine, too."""
        return any(plan.whole_host for plan in self.plans)


@dataclass(frozen=True, slots=True)
class WaveRecovery:
    """A wave: its hosts, and how long what was measured of them takes, so many at once.

    `missed_by` is by which share its last drills, done so many at once, would have taken longer
    than those before let expect; None where a plan has not been drilled twice, or there is none.
    """

    wave: Wave
    hosts: tuple[HostRecovery, ...]
    seconds: float
    missed_by: float | None = None

    @property
    def unmeasured(self) -> int:
        """How many hosts have data whose recovery nobody has measured."""
        return sum(host.seconds is None for host in self.hosts)

    @property
    def machines_unmeasured(self) -> int:
        """How many machines nobody has rebuilt in a drill."""
        return sum(not host.machine_measured for host in self.hosts)


def rebuild_plan(
    estate: Estate, states: Iterable[PlanState], *, at_once: int = 1, only: str | None = None
) -> tuple[WaveRecovery, ...]:
    """Return the waves of an estate, or of one municipality and what it needs of central."""
    by_plan = {(state.objectives.host, state.objectives.plan): state for state in states}
    tenants = frozenset({only, "central"}) if only else frozenset[str]()
    planned = []
    for wave in waves(estate, tenants):
        hosts = tuple(_host(entry, promise, by_plan) for entry, promise in wave.hosts)
        known = [host.seconds for host in hosts if host.seconds is not None]
        missed = _missed_by(hosts, at_once)
        planned.append(WaveRecovery(wave, hosts, makespan(known, at_once), missed))
    return tuple(planned)


def _missed_by(hosts: Sequence[HostRecovery], at_once: int) -> float | None:
    held = [host.held for host in hosts if host.plans]
    known = [pair for pair in held if pair]
    if not known or len(known) != len(held):
        return None
    expected = makespan([seconds for seconds, _ in known], at_once)
    return makespan([seconds for _, seconds in known], at_once) / expected - 1


def makespan(seconds: Sequence[float], at_once: int) -> float:
    """Return when the last of some tasks ends, each begun in order as soon as there is room."""
    busy = [0.0] * at_once
    for each in seconds:
        busy[busy.index(min(busy))] += each
    return max(busy)


def _host(
    entry: InventoryHost, promise: Promise, by_plan: dict[tuple[str, str], PlanState]
) -> HostRecovery:
    standing = [s for s in services(entry.tenant.estate) if entry.name in s.hosts]
    return HostRecovery(
        entry,
        promise,
        tuple(standing),
        tuple(
            _plan(entry, plan, by_plan.get((entry.name, plan.id))) for plan in backup_plans(entry)
        ),
    )


def _plan(entry: InventoryHost, plan: BackupPlan, state: PlanState | None) -> PlanRecovery:
    success = state.drills.success if state else None
    copies = state.drills.copies if state else ()
    read = next((copy for copy in copies if success and copy.success is success), None)
    return PlanRecovery(
        plan=plan.id,
        target=plan.target,
        second_target=second_target(entry, plan),
        seconds=estimated_seconds(success, state.octets) if state and success else None,
        measured_at=success.started if success else None,
        whole_host=bool(success and success.depth is Depth.HOST),
        snapshot=state.last_snapshot if state else None,
        octets=state.octets if state else None,
        held=held_against(read) if read else None,
    )
