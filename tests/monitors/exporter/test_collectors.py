"""Collectors of other organs: whatever they do, there is a metric about it."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from inventory.load import load_estate
from inventory.model import Estate
from monitors.exporter import collectors
from monitors.metrics import Family, gauge
from tests.monitors.exporter.exporter_client import ESTATE, parsed_by_promtool

FAILED = 'bastide_collector_success{collector="tried"} 0'
GOOD = 'bastide_collector_success{collector="tried"} 1'


def text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, collect: collectors.Collect) -> str:
    monkeypatch.setitem(collectors.COLLECTORS, "tried", collect)
    found = collectors.text("tried", tmp_path, load_estate(ESTATE))
    parsed_by_promtool(found)
    return found


def test_one_that_raises_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def collect(state: Path, estate: Estate) -> Iterable[Family]:
        raise RuntimeError("disk on fire")

    assert FAILED in text(tmp_path, monkeypatch, collect)


def test_one_that_raises_half_way_fails_and_its_half_is_served(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def collect(state: Path, estate: Estate) -> Iterator[Family]:
        yield gauge("bastide_first", "h", 1)
        raise OSError("disk on fire")

    found = text(tmp_path, monkeypatch, collect)
    assert FAILED in found
    assert "bastide_first 1" in found


def test_one_that_finds_nothing_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert FAILED in text(tmp_path, monkeypatch, lambda _state, _estate: [])
    empty = [Family("bastide_empty", "h", "gauge")]
    assert FAILED in text(tmp_path, monkeypatch, lambda _state, _estate: empty)


def test_one_whose_samples_clash_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    twins = [gauge("bastide_twin", "h", 1), gauge("bastide_twin", "h", 2)]
    found = text(tmp_path, monkeypatch, lambda _state, _estate: twins)
    assert FAILED in found
    assert "bastide_twin" not in found


def test_one_that_works_is_good(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = text(tmp_path, monkeypatch, lambda _state, _estate: [gauge("bastide_a", "h", 1)])
    assert GOOD in found
    assert "bastide_a 1" in found
