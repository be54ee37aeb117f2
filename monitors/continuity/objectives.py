"""Recovery objectives: what the inventory promises of every backup plan, in seconds."""

from dataclasses import dataclass

from inventory.backup_plans import backup_plans, second_bucket, second_target
from inventory.continuity import PlanTerms, host_promise, plan_terms
from inventory.entries import InventoryHost, hosts
from inventory.enums import Continuity
from inventory.model.estate import Estate
from inventory.model.hosts import BackupPlan

HOUR_SECONDS = 3600
DAY_SECONDS = 86_400


@dataclass(frozen=True, slots=True)
class BackupObjectives:
    """A backup plan of the inventory, its class and what follows from it; times in seconds.

    `in_bucket`: its second target is a bucket, which the host itself cannot ask.
    """

    municipality: str
    host: str
    plan: str
    target: str
    continuity: Continuity
    rpo_seconds: int
    rto_seconds: int
    every_seconds: int
    drill_every_seconds: int
    keep_seconds: int
    second_target: str | None = None
    in_bucket: bool = False

    @property
    def targets(self) -> tuple[str, ...]:
        """What is to hold a copy, the host that it is sent to first."""
        return (self.target, self.second_target) if self.second_target else (self.target,)

    @property
    def labels(self) -> dict[str, str]:
        """The labels of its series."""
        return {"municipality": self.municipality, "host": self.host, "plan": self.plan}


def backup_objectives(estate: Estate) -> tuple[BackupObjectives, ...]:
    """Return every backup plan of an estate with its targets."""
    objectives = []
    for entry in hosts(estate):
        plans = backup_plans(entry)
        promise = host_promise(entry) if plans else None
        objectives += [
            _objectives(entry, plan, plan_terms(plan, promise, entry.tenant.tier))
            for plan in plans
            if promise
        ]
    return tuple(objectives)


def _objectives(entry: InventoryHost, plan: BackupPlan, terms: PlanTerms) -> BackupObjectives:
    return BackupObjectives(
        municipality=entry.tenant.id,
        host=entry.name,
        plan=plan.id,
        target=plan.target,
        continuity=terms.promise.continuity,
        rpo_seconds=round(terms.promise.rpo_hours * HOUR_SECONDS),
        rto_seconds=round(terms.promise.rto_hours * HOUR_SECONDS),
        every_seconds=terms.every_hours * HOUR_SECONDS,
        drill_every_seconds=terms.drill_every_days * DAY_SECONDS,
        keep_seconds=terms.keep_within_days * DAY_SECONDS,
        second_target=second_target(entry, plan),
        in_bucket=second_bucket(entry, plan) is not None,
    )
