"""Looks at hosts as metrics: when, and how many differences of each kind."""

from collections.abc import Iterator
from itertools import filterfalse
from pathlib import Path

from prometheus_client.core import GaugeMetricFamily

from inventory.entries import hosts
from inventory.levels import is_managed
from inventory.model.estate import Estate
from monitors.inspection.drift import Kind
from monitors.inspection.looks import LookError, newest

HOST = ("municipality", "host")


def collect(state: Path, estate: Estate) -> Iterator[GaugeMetricFamily]:
    """Yield the families; a host that nobody looked at has no sample.

    Nor has one that Bastide changes: it is audited instead.
    """
    drift = GaugeMetricFamily(
        "bastide_host_drift",
        "Differences of a host from its accepted look and the inventory, by kind.",
        labels=(*HOST, "kind"),
    )
    looked = GaugeMetricFamily(
        "bastide_host_look_timestamp_seconds", "When a host was last looked at.", labels=HOST
    )
    unreadable = 0
    for entry in filterfalse(is_managed, hosts(estate)):
        labels = [entry.tenant.id, entry.name]
        try:
            result = newest(state, entry.name)
        except (LookError, OSError):
            unreadable += 1
            continue
        if result is None:
            continue
        looked.add_metric(labels, result.at)
        for kind in Kind:
            count = sum(1 for difference in result.differences if difference.kind is kind)
            if kind not in result.not_compared:
                drift.add_metric([*labels, kind.value], count)
    yield drift
    yield looked
    yield GaugeMetricFamily(
        "bastide_host_looks_unreadable", "Looks that are kept and cannot be read.", unreadable
    )
