"""The next town is laid out from the template, and what comes out is a valid estate."""

from pathlib import Path

import pytest

from inventory.load import load_estate
from tests.command import bastide

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"


def with_host_keys(estate: Path) -> None:
    for file in [estate / "central.yml", *(estate / "municipalities").glob("*.yml")]:
        text = file.read_text()
        if "\n    host_key:" not in text:
            file.write_text(text.replace("    roles:", f"    host_key: {KEY}\n    roles:"))


def test_an_existing_estate_is_never_overwritten(tmp_path: Path) -> None:
    assert bastide("init", str(tmp_path / "ours")).returncode == 0
    again = bastide("init", str(tmp_path / "ours"))
    assert again.returncode == 2
    assert "exists already" in again.stderr


def test_a_municipality_is_never_overwritten(tmp_path: Path) -> None:
    bastide("init", str(tmp_path / "ours"))
    add = (
        "municipality",
        "add",
        "Gornji Lug",
        "--tier",
        "town",
        "--estate",
        str(tmp_path / "ours"),
    )
    with_host_keys(tmp_path / "ours")
    bastide(*add)
    assert bastide(*add).returncode == 2


@pytest.mark.parametrize("tier", ["village", "town", "city"])
def test_a_new_town_lacks_only_its_host_keys(tier: str, tmp_path: Path) -> None:
    estate = tmp_path / "ours"
    bastide("init", str(estate))
    with_host_keys(estate)
    added = bastide("municipality", "add", "Gornji Lug", "--tier", tier, "--estate", str(estate))
    assert added.returncode == 1
    assert added.stderr.count("host_key") == added.stderr.count("expected:")
    with_host_keys(estate)
    assert load_estate(estate).municipalities[0].tier == tier


def test_each_town_gets_the_next_free_network(tmp_path: Path) -> None:
    estate = tmp_path / "ours"
    bastide("init", str(estate))
    with_host_keys(estate)
    for name in ("First", "Second"):
        bastide("municipality", "add", name, "--tier", "village", "--estate", str(estate))
        with_host_keys(estate)
    networks = [str(town.sites[0].network) for town in load_estate(estate).municipalities]
    assert networks == ["10.10.1.0/24", "10.10.2.0/24"]
