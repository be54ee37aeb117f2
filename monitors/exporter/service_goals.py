"""The goals of services, and whether now is a time that counts for them."""

from collections.abc import Iterator
from datetime import datetime

from prometheus_client.core import GaugeMetricFamily, Metric

from inventory.entries import services
from inventory.model.estate import Estate
from inventory.service_hours import must_answer

LABELS = ("municipality", "host", "service")


def collect(estate: Estate, now: datetime) -> Iterator[Metric]:
    """Yield each service's goal (a share from 0 to 1), and whether it must answer now."""
    objective = GaugeMetricFamily(
        "bastide_service_objective_ratio",
        "The share of 30 days that the service is to answer in.",
        labels=LABELS,
    )
    in_hours = GaugeMetricFamily(
        "bastide_service_open",
        "Whether the service must answer now: outside its hours nothing is counted.",
        labels=LABELS,
    )
    for entry in services(estate):
        labels = (entry.tenant.id, entry.hosts[0], entry.name)
        objective.add_metric(labels, entry.service.objective)
        in_hours.add_metric(labels, float(must_answer(entry.service.hours, now)))
    yield objective
    yield in_hours
