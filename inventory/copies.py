"""Where copies lie: beside their source, they burn, flood or are taken over with it (3-2-1-1-0)."""

from collections.abc import Iterable, Iterator
from datetime import date

from inventory.backup_plans import backup_plans
from inventory.entries import InventoryHost, hosts
from inventory.model.estate import Estate
from inventory.model.waivers import ESTATE_SCOPE, Waiver

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
        targets = {plan.target for plan in backup_plans(entry)}
        beside = sorted(name for name in targets if same_site(entry, by_name[name]))
        waivers = accepted(estate.waivers, entry.tenant.id, entry.name)
        if beside and not any(waiver.in_force(day) for waiver in waivers):
            until = f", that of {waivers[-1].scope} until {waivers[-1].expires}" if waivers else ""
            yield (
                f"waivers.yml: copies of {entry.name} on {', '.join(beside)} lie at its own site, "
                f"and no waiver of {OFF_SITE} is in force today{until}; name a vault at another "
                "site as target, or have it approved anew"
            )


def same_site(entry: InventoryHost, target: InventoryHost) -> bool:
    """Whether what befalls the site of one befalls the other."""
    return (entry.tenant.id, entry.host.site) == (target.tenant.id, target.host.site)
