"""What the inventory says that rules join: ways, services and their limits, towns, whom to call."""

from collections.abc import Iterator
from pathlib import Path

from prometheus_client.core import GaugeMetricFamily, Metric

from inventory.entries import InventoryService, machines, services, tenants
from inventory.model.estate import Estate
from inventory.reached_through import Ways, above, needed, ways_in
from monitors.text import one_line

YES_NO = {True: "yes", False: "no"}


def collect(_state: Path, estate: Estate) -> Iterator[Metric]:
    """Yield ways, what services need and how slow they may be, municipalities and whom to call."""
    ways = ways_in(estate)
    yield _ways(estate, ways)
    yield _services(estate, ways)
    yield _service_hosts(estate)
    yield _limits(estate)
    yield _thresholds(estate)
    yield _municipalities(estate)


def _ways(estate: Estate, ways: Ways) -> Metric:
    """Return what hosts and devices are reached through; further up it is not ``direct``."""
    family = GaugeMetricFamily(
        "bastide_reached_through_info",
        "A host or device, and another that a way to it leads through.",
        labels=("municipality", "name", "parent", "direct"),
    )
    for entry in machines(estate):
        for parent in sorted(above(ways, entry.name)):
            direct = YES_NO[parent in ways[entry.name]]
            family.add_metric((entry.tenant.id, entry.name, parent, direct), 1)
    return family


def _services(estate: Estate, ways: Ways) -> Metric:
    family = GaugeMetricFamily(
        "bastide_service_needs_info",
        "A host or device that a service is reached through, and whether there are other ways.",
        labels=("municipality", "service", "title", "continuity", "needs", "other_ways"),
    )
    for entry in services(estate):
        about = (entry.tenant.id, entry.name, one_line(entry.service.name))
        for name, others in sorted(_needs(entry, ways).items()):
            family.add_metric(
                (*about, entry.service.continuity_class.value, name, YES_NO[others]), 1
            )
    return family


def _service_hosts(estate: Estate) -> Metric:
    family = GaugeMetricFamily(
        "bastide_service_host_info",
        "A host that a service depends on: while it is silent, so is the service.",
        labels=("municipality", "host", "service"),
    )
    for entry in services(estate):
        for host in entry.hosts:
            family.add_metric((entry.tenant.id, host, entry.name), 1)
    return family


def _needs(entry: InventoryService, ways: Ways) -> dict[str, bool]:
    """Return all that a service is reached through, and whether it can do without it."""
    without = {name for host in entry.hosts for name in needed(ways, host)}
    every = without.union(*(above(ways, host) for host in entry.hosts))
    return {name: name not in without for name in every}


def _limits(estate: Estate) -> Metric:
    family = GaugeMetricFamily(
        "bastide_service_slow_limit_seconds",
        "How long a service may take to answer, on average, before somebody is told.",
        labels=("municipality", "service"),
    )
    for entry in services(estate):
        limit = entry.service.expects.within_seconds or estate.thresholds.slow_seconds
        family.add_metric((entry.tenant.id, entry.name), limit)
    return family


def _thresholds(estate: Estate) -> Metric:
    family = GaugeMetricFamily(
        "bastide_threshold", "From which value on something is told.", labels=("name",)
    )
    for name, value in estate.thresholds.model_dump().items():
        family.add_metric((name,), value)
    return family


def _municipalities(estate: Estate) -> Metric:
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
    return family
