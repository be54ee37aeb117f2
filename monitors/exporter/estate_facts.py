"""What alerts say of the inventory in words: services by what they need, towns by whom to call."""

from collections.abc import Iterator
from pathlib import Path

from prometheus_client.core import GaugeMetricFamily, Metric

from inventory.entries import services, tenants
from inventory.model.estate import Estate
from inventory.reached_through import needed, ways_in
from monitors.text import one_line


def collect(_state: Path, estate: Estate) -> Iterator[Metric]:
    """Yield ``bastide_service_needs_info`` and ``bastide_municipality_info``, each 1."""
    ways = ways_in(estate)
    family = GaugeMetricFamily(
        "bastide_service_needs_info",
        "A host or device without which a service cannot be reached.",
        labels=("municipality", "service", "title", "continuity", "needs"),
    )
    for entry in services(estate):
        about = (entry.tenant.id, entry.name, one_line(entry.service.name))
        for name in sorted({name for host in entry.hosts for name in needed(ways, host)}):
            family.add_metric((*about, entry.service.continuity.value, name), 1)
    yield family
    family = GaugeMetricFamily(
        "bastide_municipality_info",
        "A municipality or the central site, and its first contact.",
        labels=("municipality", "title", "contact"),
    )
    for tenant in tenants(estate):
        contact = tenant.content.contacts[0]
        ways_to = ", ".join(filter(None, (contact.phone, contact.email)))
        reached = f"{contact.name}, {contact.duty}{': '[: 2 * bool(ways_to)]}{ways_to}"
        family.add_metric((tenant.id, one_line(tenant.name), one_line(reached)), 1)
    yield family
