"""How far each host is managed, as metrics: what may be promised of it, and what may not."""

from collections.abc import Iterator
from pathlib import Path

from prometheus_client.core import GaugeMetricFamily, Metric

from inventory.entries import hosts
from inventory.levels import level
from inventory.model.estate import Estate


def collect(_state: Path, estate: Estate) -> Iterator[Metric]:
    """Yield ``bastide_host_level_info``: 1 for each host of the inventory, with its level."""
    family = GaugeMetricFamily(
        "bastide_host_level_info",
        "How far a host is managed: watch, audit, baseline or full.",
        labels=("municipality", "host", "level"),
    )
    for entry in hosts(estate):
        family.add_metric((entry.tenant.id, entry.name, level(entry).value), 1)
    yield family
