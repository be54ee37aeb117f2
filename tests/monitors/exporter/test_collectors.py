"""Collectors of other packages: whatever they do, there is a metric about it."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from prometheus_client import generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric

from inventory.load import load_estate
from inventory.model.estate import Estate
from monitors.exporter import collectors
from tests.monitors.exporter.exporter_client import ESTATE, parsed_by_promtool

FAILED = 'bastide_collector_success{collector="tried"} 0.0'
GOOD = 'bastide_collector_success{collector="tried"} 1.0'


def text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, collect: collectors.Collect) -> str:
    monkeypatch.setitem(collectors.COLLECTORS, "tried", collect)
    collector = collectors.MonitoredCollector("tried", tmp_path, load_estate(ESTATE))
    exposition = generate_latest(collector).decode()
    parsed_by_promtool(exposition)
    return exposition


def test_one_that_raises_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def collect(state: Path, estate: Estate) -> Iterable[Metric]:
        raise RuntimeError("disk on fire")

    assert FAILED in text(tmp_path, monkeypatch, collect)


def test_one_that_raises_half_way_fails_and_its_half_is_served(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def collect(state: Path, estate: Estate) -> Iterator[Metric]:
        yield GaugeMetricFamily("bastide_first", "h", 1)
        raise OSError("disk on fire")

    exposition = text(tmp_path, monkeypatch, collect)
    assert FAILED in exposition
    assert "bastide_first 1" in exposition


def test_one_that_finds_nothing_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert FAILED in text(tmp_path, monkeypatch, lambda _state, _estate: [])
    empty = [GaugeMetricFamily("bastide_empty", "h", labels=("a",))]
    assert FAILED in text(tmp_path, monkeypatch, lambda _state, _estate: empty)


def test_one_whose_samples_clash_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    twins = [GaugeMetricFamily("bastide_twin", "h", 1), GaugeMetricFamily("bastide_twin", "h", 2)]
    exposition = text(tmp_path, monkeypatch, lambda _state, _estate: twins)
    assert FAILED in exposition
    assert "bastide_twin" not in exposition


def test_one_that_works_is_good(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    exposition = text(
        tmp_path, monkeypatch, lambda _state, _estate: [GaugeMetricFamily("bastide_a", "h", 1)]
    )
    assert GOOD in exposition
    assert "bastide_a 1" in exposition
