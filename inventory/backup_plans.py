"""The backup plans in force, and which hosts keep copies of them: the target, and a second one."""

from collections.abc import Iterator
from dataclasses import dataclass

from inventory.entries import InventoryHost, hosts
from inventory.levels import is_managed
from inventory.model.hosts import BackupPlan


@dataclass(frozen=True, slots=True)
class KeptCopy:
    """A copy on a target: of whose plan, and from which other target it is pulled, if it is."""

    client: InventoryHost
    plan: BackupPlan
    pulled_from: str | None

    @property
    def name(self) -> str:
        """Where it lies below the folder of all copies: HOST/PLAN."""
        return f"{self.client.name}/{self.plan.id}"


def backup_plans(entry: InventoryHost) -> tuple[BackupPlan, ...]:
    """Return a host's plans; what is only watched or audited is not backed up by Bastide."""
    return entry.host.backups if is_managed(entry) else ()


def second_target(entry: InventoryHost, plan: BackupPlan) -> str | None:
    """Return the host that pulls a second copy of a plan, where there is one."""
    return plan.second_target or entry.tenant.content.second_target


def copies_kept_on(vault: InventoryHost) -> Iterator[KeptCopy]:
    """Yield the copies that a host keeps: what clients send it, and what it pulls itself."""
    for entry in hosts(vault.tenant.estate):
        for plan in backup_plans(entry):
            if plan.target == vault.name:
                yield KeptCopy(entry, plan, None)
            elif second_target(entry, plan) == vault.name:
                yield KeptCopy(entry, plan, plan.target)


def pulled_by(vault: InventoryHost) -> dict[str, list[str]]:
    """Return which other targets pull copies from this one, each with the HOST/PLAN of them."""
    pulled: dict[str, list[str]] = {}
    for entry in hosts(vault.tenant.estate):
        for plan in backup_plans(entry):
            second = second_target(entry, plan)
            if plan.target == vault.name and second:
                pulled.setdefault(second, []).append(f"{entry.name}/{plan.id}")
    return pulled
