"""Where copies lie: beside their source, they burn, flood or are taken over with it (3-2-1-1-0)."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date

from inventory.backup_plans import backup_plans, second_bucket, second_target
from inventory.continuity import host_promise
from inventory.entries import InventoryHost, hosts
from inventory.model.estate import Estate
from inventory.model.hosts import BackupPlan
from inventory.model.waivers import ESTATE_SCOPE, Waiver
from inventory.tiers import CLASSES

OFF_SITE = "BKP-02"
"""The control that an estate waives where it truly has no other site."""


def accepted(waivers: Iterable[Waiver], tenant: str, host: str) -> tuple[Waiver, ...]:
    """Return the waivers, whenever in force, of copies that lie beside their source."""
    scopes = (host, tenant, ESTATE_SCOPE)
    return tuple(w for w in waivers if w.control == OFF_SITE and w.scope in scopes)


def lapsed(estate: Estate, day: date) -> Iterator[str]:
    """Yield, for people, the copies beside their source that no waiver accepts on a day."""
    by_name = {entry.name: entry for entry in hosts(estate)}
    for entry in by_name.values():
        waivers = accepted(estate.waivers, entry.tenant.id, entry.name)
        if any(waiver.in_force(day) for waiver in waivers):
            continue
        until = f", that of {waivers[-1].scope} until {waivers[-1].expires}" if waivers else ""
        for wrong, remedy in _accepted_once(entry, by_name):
            yield (
                f"waivers.yml: {wrong}, and no waiver of {OFF_SITE} is in force today{until}; "
                f"{remedy}, or have it approved anew"
            )


def _accepted_once(
    entry: InventoryHost, by_name: Mapping[str, InventoryHost]
) -> Iterator[tuple[str, str]]:
    """Yield what only a waiver lets a host's plans be, and what would make it unnecessary."""
    plans = backup_plans(entry)
    beside = sorted({p.target for p in plans if lies_beside(entry, p, by_name)})
    if beside:
        yield (
            f"copies of {entry.name} on {', '.join(beside)} lie at its own site",
            "name a vault at another site as target, or a bucket as second_target",
        )
    promise = host_promise(entry)
    alone = [plan.id for plan in plans if second_target(entry, plan) is None]
    if alone and CLASSES[promise.continuity].copies > 1:
        yield (
            f"{entry.name} is of class {promise.continuity}, and its plans {', '.join(alone)} "
            "have one copy",
            "name a vault at a third site as second_target",
        )


def lies_beside(
    entry: InventoryHost, plan: BackupPlan, by_name: Mapping[str, InventoryHost]
) -> bool:
    """Whether no copy of a plan is off-site, as a bucket is beside a first copy on another host."""
    in_bucket = plan.target != entry.name and second_bucket(entry, plan) is not None
    return not in_bucket and _same_site(entry, by_name[plan.target])


def _same_site(entry: InventoryHost, target: InventoryHost) -> bool:
    """Whether what befalls the site of one befalls the other."""
    return (entry.tenant.id, entry.host.site) == (target.tenant.id, target.host.site)
