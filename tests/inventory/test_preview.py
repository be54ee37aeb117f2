"""A level tried out on one host: that host alone, and never because a file says so."""

import shutil
from pathlib import Path

import pytest

from inventory.entries import hosts
from inventory.enums import Level
from inventory.hostvars import groups
from inventory.levels import level, refusals
from inventory.load import load_estate
from inventory.model.estate import Estate
from inventory.paths import SHIPPED_ESTATES
from inventory.preview import PreviewError, at_level, read_preview
from inventory.problems import InventoryError

APP = "brezovik-app"


@pytest.fixture(scope="module")
def pilot() -> Estate:
    return load_estate(SHIPPED_ESTATES / "pilot")


def test_one_host_is_at_the_level_and_may_be_changed_and_no_other(pilot: Estate) -> None:
    before = {entry.name: level(entry) for entry in hosts(pilot)}
    tried = at_level(pilot, APP, Level.BASELINE)
    assert {e.name: level(e) for e in hosts(tried)} == before | {APP: Level.BASELINE}
    assert set(groups(tried)["managed"]) - set(groups(pilot)["managed"]) == {APP}
    assert refusals(tried) == ()


def test_its_services_are_ours_at_full_only(pilot: Estate) -> None:
    role = next(entry.host.roles[0] for entry in hosts(pilot) if entry.name == APP)
    assert APP in groups(at_level(pilot, APP, Level.FULL))[role]
    assert APP not in groups(at_level(pilot, APP, Level.BASELINE))[role]


def test_others_that_nobody_acknowledged_stay_refused(pilot: Estate) -> None:
    (first, second, *_) = (
        entry.name for entry in hosts(pilot) if not entry.name.startswith("central-")
    )
    both = at_level(at_level(pilot, first, Level.FULL), second, Level.FULL)
    assert groups(both)["refused"] == (first,)


@pytest.mark.parametrize(
    "text", ["brezovik-app", "nobody=full", "brezovik-app=audit", "brezovik-app=", "=full", "="]
)
def test_what_is_no_host_and_level_is_refused(text: str, pilot: Estate) -> None:
    with pytest.raises(PreviewError, match="expected HOST=LEVEL"):
        read_preview(text, pilot)


def test_a_host_and_a_level_are_read_and_nothing_is_nothing(pilot: Estate) -> None:
    assert read_preview("brezovik-app=full", pilot) == (APP, Level.FULL)
    assert read_preview("", pilot) is None


def test_no_file_can_ask_for_it(tmp_path: Path) -> None:
    folder = tmp_path / "pilot"
    shutil.copytree(SHIPPED_ESTATES / "pilot", folder)
    with (folder / "estate.yml").open("a") as file:
        file.write(f"preview: {APP}\n")
    with pytest.raises(InventoryError, match="preview"):
        load_estate(folder)
