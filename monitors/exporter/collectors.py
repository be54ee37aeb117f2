"""The collectors of other packages, run so that a failure becomes a metric, never silence."""

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from prometheus_client.core import GaugeMetricFamily, Metric

from inventory.model.estate import Estate
from monitors.audit import metrics as security
from monitors.audit.host_files import newest_content
from monitors.configurations import metrics as configurations
from monitors.continuity import metrics as continuity
from monitors.exporter import estate_facts, host_levels, provisioned_drift, scrape_targets
from monitors.inspection import metrics as drift

log = logging.getLogger(__name__)

Collect = Callable[[Path, Estate], Iterable[Metric]]

COLLECTORS: dict[str, Collect] = {
    "levels": lambda state, estate: chain(
        host_levels.collect(state, estate),
        estate_facts.collect(state, estate),
        scrape_targets.collect(state, estate),
    ),
    "security": security.collect,
    "drift": lambda state, estate: chain(
        drift.collect(state, estate), provisioned_drift.collect(state, estate)
    ),
    "continuity": lambda state, estate: chain(
        continuity.collect(state, estate, read_file=newest_content),
        configurations.collect(state, estate),
    ),
}


@dataclass(frozen=True, slots=True)
class MonitoredCollector:
    """A collector's metrics with ``bastide_collector_success``: 0 when it raised or gave nothing.

    What it gave before it raised is served, unless two of its series are the same. ``name`` is a
    key of ``COLLECTORS``, ``state`` the estate's state directory.
    """

    name: str
    state: Path
    estate: Estate

    def collect(self) -> Iterator[Metric]:
        """Run the collector; raises nothing that it raises."""
        started = time.monotonic()
        families, problem = _run(COLLECTORS[self.name], self.state, self.estate)
        duplicates = _duplicates(families)
        if duplicates:
            families, problem = [], f"series given twice: {', '.join(duplicates)}"
        if problem:
            log.warning("collector %s: %s", self.name, problem)
        yield from families
        yield self._gauge(
            "bastide_collector_success",
            "Whether a collector gave all that it should.",
            not problem,
        )
        yield self._gauge(
            "bastide_collector_duration_seconds",
            "How long it took.",
            time.monotonic() - started,
        )

    def _gauge(self, name: str, text: str, value: float) -> Metric:
        family = GaugeMetricFamily(name, text, labels=("collector",))
        family.add_metric((self.name,), value)
        return family


def _run(collect: Collect, state: Path, estate: Estate) -> tuple[list[Metric], str]:
    """Return what a collector gave, and what went wrong: empty when nothing did."""
    families: list[Metric] = []
    try:
        for family in collect(state, estate):
            families.append(family)  # noqa: PERF402 - keeps what came before an exception
    except Exception as error:
        log.debug("collector failed", exc_info=True)
        return families, f"{type(error).__name__}: {error}"
    return families, "" if any(family.samples for family in families) else "it gave no samples"


def _duplicates(families: Sequence[Metric]) -> list[str]:
    """Return the names of series that would make Prometheus refuse the whole scrape."""
    names = Counter(family.name for family in families)
    return [
        family.name
        for family in families
        if names[family.name] > 1 or _has_twins([sample.labels for sample in family.samples])
    ]


def _has_twins(labels: Sequence[dict[str, str]]) -> bool:
    return len({frozenset(pairs.items()) for pairs in labels}) < len(labels)
