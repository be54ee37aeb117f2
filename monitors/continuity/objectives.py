"""Recovery objectives: what the inventory promises of every backup plan, in seconds."""

from dataclasses import dataclass

from inventory.backup_plans import backup_plans
from inventory.entries import InventoryHost, hosts, services
from inventory.enums import Continuity
from inventory.model.estate import Estate
from inventory.tiers import DRILL_EVERY_DAYS, RECOVERY, Recovery

DAY_SECONDS = 86_400
# The central site has no tier; what all depend on is drilled as often as a city.
CENTRAL_DRILL_DAYS = min(DRILL_EVERY_DAYS.values())


@dataclass(frozen=True, slots=True)
class BackupObjectives:
    """A backup plan of the inventory with its RPO, RTO and drill interval; times in seconds."""

    municipality: str
    host: str
    plan: str
    rpo_seconds: int
    rto_seconds: int
    drill_every_seconds: int

    @property
    def labels(self) -> dict[str, str]:
        """The labels of its series."""
        return {"municipality": self.municipality, "host": self.host, "plan": self.plan}


def backup_objectives(estate: Estate) -> tuple[BackupObjectives, ...]:
    """Return every backup plan of an estate with its targets."""
    objectives = []
    for entry in hosts(estate):
        recovery = _recovery(entry)
        tier = entry.tenant.tier
        days = DRILL_EVERY_DAYS[tier] if tier else CENTRAL_DRILL_DAYS
        objectives += [
            BackupObjectives(
                municipality=entry.tenant.id,
                host=entry.name,
                plan=plan.id,
                rpo_seconds=recovery.rpo_seconds,
                rto_seconds=recovery.rto_seconds,
                drill_every_seconds=days * DAY_SECONDS,
            )
            for plan in backup_plans(entry)
        ]
    return tuple(objectives)


def _recovery(entry: InventoryHost) -> Recovery:
    """Return what the most demanding service on a host allows."""
    classes = [s.service.continuity for s in services(entry.tenant.estate) if entry.name in s.hosts]
    kinds = [RECOVERY[kind] for kind in classes] or [RECOVERY[Continuity.ORDINARY]]
    return min(kinds, key=lambda recovery: recovery.rpo_seconds)
