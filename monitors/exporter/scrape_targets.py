"""How many targets the inventory has for each job of Prometheus, so that lost ones are missed."""

from collections.abc import Iterator
from pathlib import Path

from prometheus_client.core import GaugeMetricFamily, Metric

from inventory.model.estate import Estate
from monitors.exporter.http_sd import JOBS


def collect(_state: Path, estate: Estate) -> Iterator[Metric]:
    """Yield ``bastide_scrape_targets``, a sample for each list of targets, empty ones too."""
    family = GaugeMetricFamily(
        "bastide_scrape_targets",
        "Targets that the inventory has for a job of Prometheus.",
        labels=("job",),
    )
    for job, groups in JOBS.items():
        family.add_metric((job,), sum(len(group["targets"]) for group in groups(estate)))
    yield family
