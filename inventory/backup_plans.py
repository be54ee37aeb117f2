"""The backup plans in force, and where copies of them lie: on the target, and a second one."""

from collections.abc import Iterator
from dataclasses import dataclass

from inventory.entries import InventoryHost, hosts
from inventory.levels import is_managed
from inventory.model.buckets import Bucket
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
    """Return where a second copy of a plan lies, a host or a bucket by its name, if anywhere."""
    return plan.second_target or entry.tenant.content.second_target


def second_bucket(entry: InventoryHost, plan: BackupPlan) -> Bucket | None:
    """Return the bucket that a plan's target puts a second copy into, where it is one."""
    named = second_target(entry, plan)
    return next((one for one in entry.tenant.estate.buckets if one.id == named), None)


def pulling_host(entry: InventoryHost, plan: BackupPlan) -> str | None:
    """Return the host that pulls a second copy of a plan, where it is one."""
    return None if second_bucket(entry, plan) else second_target(entry, plan)


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
            second = pulling_host(entry, plan)
            if plan.target == vault.name and second:
                pulled.setdefault(second, []).append(f"{entry.name}/{plan.id}")
    return pulled


def put_into_buckets(vault: InventoryHost) -> Iterator[tuple[KeptCopy, Bucket]]:
    """Yield the copies that a host puts into a bucket as well, and into which."""
    for copy in copies_kept_on(vault):
        bucket = second_bucket(copy.client, copy.plan)
        if bucket and copy.pulled_from is None:
            yield copy, bucket
