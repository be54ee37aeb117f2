"""The shipped lab, changed in one place."""

from datetime import date, timedelta
from typing import Any

from inventory.load import load_estate
from inventory.model.estate import Estate
from inventory.model.waivers import PolicyWaiver
from inventory.paths import SHIPPED_ESTATES

LAB = load_estate(SHIPPED_ESTATES / "lab")
PILOT = load_estate(SHIPPED_ESTATES / "pilot")
DAY = date(2026, 3, 1)


def with_host(estate: Estate, name: str, **change: Any) -> Estate:
    """Return the estate with a host of a municipality or of central changed."""
    tenant, _, host = name.partition("-")

    def changed(content: Any) -> Any:
        hosts = [h.model_copy(update=change) if h.id == host else h for h in content.hosts]
        return content.model_copy(update={"hosts": tuple(hosts)})

    if tenant == "central":
        return estate.model_copy(update={"central": changed(estate.central)})
    towns = [changed(t) if t.municipality == tenant else t for t in estate.municipalities]
    return estate.model_copy(update={"municipalities": tuple(towns)})


def waived(estate: Estate, **change: Any) -> Estate:
    """Return the estate with a waiver, of INF-05 for all of it unless `change` says otherwise."""
    fields: dict[str, Any] = {
        "policy": "INF-05",
        "scope": "estate",
        "reason": "The hall moves into the new building.",
        "owner": "Tarik Zuhr",
        "approver": "Mira Dolenc",
        "measure": "Its last drill has restored all of it.",
        "granted": DAY,
        "expires": DAY + timedelta(days=10),
    }
    waivers = (PolicyWaiver.model_validate(fields | change),)
    return estate.model_copy(update={"policy_waivers": waivers})
