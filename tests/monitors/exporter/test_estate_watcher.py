"""An edited estate is taken without a restart, unless the edit makes it invalid."""

import re
from pathlib import Path

import pytest

from inventory.problems import InventoryError
from monitors.exporter.estate_watcher import CHECK_SECONDS, EstateWatcher
from tests.monitors.exporter.exporter_client import copied_estate, touched


class Clock:
    """Seconds that a test moves."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def watching(folder: Path) -> tuple[EstateWatcher, Path, Clock]:
    estate, clock = copied_estate(folder), Clock()
    return EstateWatcher(estate, clock), estate / "municipalities" / "harbour.yml", clock


def test_an_estate_that_is_invalid_from_the_start_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InventoryError):
        EstateWatcher(tmp_path)


def test_an_edit_that_makes_it_invalid_is_reported_and_not_used(tmp_path: Path) -> None:
    watched, file, clock = watching(tmp_path)
    good = file.read_text(encoding="utf-8")
    touched(file, good + "colour: blue\n")
    clock.seconds += CHECK_SECONDS
    assert len(watched.current().municipalities) == 1
    assert not watched.valid
    touched(file, good)
    clock.seconds += CHECK_SECONDS
    watched.current()
    assert watched.valid


def test_a_valid_edit_is_taken(tmp_path: Path) -> None:
    watched, file, clock = watching(tmp_path)
    touched(file, file.read_text(encoding="utf-8").replace("name: Harbour", "name: New Harbour"))
    clock.seconds += CHECK_SECONDS
    assert watched.current().municipalities[0].name == "New Harbour"


def test_a_new_municipality_is_seen(tmp_path: Path) -> None:
    watched, file, clock = watching(tmp_path)
    text = re.sub(r" *host_key: .*\n", "", file.read_text(encoding="utf-8"))
    other = text.replace("harbour", "marina").replace("127.0.71", "127.0.72")
    touched(file.with_name("marina.yml"), other)
    clock.seconds += CHECK_SECONDS
    assert {town.municipality for town in watched.current().municipalities} == {"harbour", "marina"}


def test_files_are_not_looked_at_for_every_scrape(tmp_path: Path) -> None:
    watched, file, _ = watching(tmp_path)
    touched(file, file.read_text(encoding="utf-8").replace("name: Harbour", "name: New Harbour"))
    assert watched.current().municipalities[0].name == "Harbour"
