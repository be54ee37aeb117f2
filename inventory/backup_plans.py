"""The backup plans in force: those of hosts that are managed far enough to be backed up."""

from collections.abc import Iterator

from inventory.entries import InventoryHost, hosts
from inventory.levels import is_managed
from inventory.model.hosts import BackupPlan


def backup_plans(entry: InventoryHost) -> tuple[BackupPlan, ...]:
    """Return a host's plans; what is only watched or audited is not backed up by Bastide."""
    return entry.host.backups if is_managed(entry) else ()


def plans_kept_on(vault: InventoryHost) -> Iterator[tuple[InventoryHost, BackupPlan]]:
    """Yield the backup plans whose target is this host, each with the host it is of."""
    return (
        (entry, plan)
        for entry in hosts(vault.tenant.estate)
        for plan in backup_plans(entry)
        if plan.target == vault.name
    )
