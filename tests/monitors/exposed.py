"""Metric families as Prometheus would read them."""

from collections.abc import Iterable
from dataclasses import dataclass

from prometheus_client import generate_latest
from prometheus_client.core import Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

Signature = tuple[str, tuple[str, ...]]
"""A metric's type and the names of its labels, sorted."""


@dataclass(frozen=True, slots=True)
class Given:
    """A collector of families that a test has in hand."""

    families: Iterable[Metric]

    def collect(self) -> Iterable[Metric]:
        return self.families


def exposed(families: Iterable[Metric]) -> str:
    """Return families in Prometheus' text format."""
    return generate_latest(Given(families)).decode()


def names(collector: Collector) -> set[str]:
    """Return the names of a collector's metrics as Prometheus knows them, without samples too."""
    lines = generate_latest(collector).decode().splitlines()
    return {line.split()[2] for line in lines if line.startswith("# TYPE ")}


def signatures(text: str) -> dict[str, Signature]:
    """Return the signature of every metric of a scrape that has samples, by its samples' name."""
    return {
        sample.name: (family.type, tuple(sorted(sample.labels)))
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
