"""What differs from what was provisioned, as metrics; a look is made where the state is."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from prometheus_client.core import GaugeMetricFamily

from inventory.entries import tenants
from inventory.model.estate import Estate
from inventory.model.tenants import CENTRAL
from inventory.provisioned_drift import kept_drift


def collect(state: Path, estate: Estate) -> Iterator[GaugeMetricFamily]:
    """Yield the families; without a look none has samples. DriftError when it is damaged."""
    drift = kept_drift(state)
    ids = [tenant.id for tenant in tenants(estate)]
    drifted = drift.drifted if drift else ()
    yield _by_municipality(
        "bastide_infra_drifted_resources",
        "Provisioned resources that are gone or not as the state has them.",
        ids if drift else [],
        Counter(_tenant(one.name, ids) for one in drifted),
    )
    yield _by_municipality(
        "bastide_infra_unread_resources",
        "Provisioned resources that could not be looked at.",
        ids if drift else [],
        Counter(_tenant(one.name, ids) for one in (drift.unread if drift else ())),
    )
    named = GaugeMetricFamily(
        "bastide_infra_resource_drift_info",
        "1 for each resource that is gone or not as the state has it.",
        labels=("municipality", "resource", "type", "change"),
    )
    for one in drifted:
        change = "gone" if one.gone else "changed"
        named.add_metric((_tenant(one.name, ids), one.name, one.type, change), 1)
    yield named
    when = GaugeMetricFamily(
        "bastide_infra_drift_look_timestamp_seconds",
        "When what was provisioned was last compared with what there is.",
    )
    if drift is not None:
        when.add_metric((), drift.at)
    yield when


def _by_municipality(
    name: str, text: str, ids: list[str], counts: Counter[str]
) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, text, labels=("municipality",))
    for tenant in ids:
        family.add_metric((tenant,), counts[tenant])
    return family


def _tenant(resource: str, ids: list[str]) -> str:
    """Return whose a resource is by its name; what all share is central's."""
    first = resource.split("-", 1)[0]
    return first if first in ids else CENTRAL
