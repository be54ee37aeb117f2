"""`bastide municipality add`: the next town is laid out from the template, beside what is there."""

import shutil
from ipaddress import ip_network
from pathlib import Path

import pytest
import yaml

from inventory.load import load_estate
from inventory.paths import SHIPPED_ESTATES
from inventory.problems import InventoryError
from tests.bastide.estates import put_host_keys
from tests.command import bastide_here


@pytest.fixture
def estate(tmp_path: Path) -> Path:
    """A new estate, just as `bastide init` leaves it: no host has its key yet."""
    assert bastide_here("init", str(tmp_path / "ours")).returncode == 0
    return tmp_path / "ours"


def add(estate: Path, name: str, *more: str, tier: str = "village") -> tuple[int, str]:
    done = bastide_here("municipality", "add", name, "--tier", tier, "--estate", str(estate), *more)
    return done.returncode, done.stdout + done.stderr


def networks(estate: Path) -> list[str]:
    files = sorted((estate / "municipalities").glob("*.yml"))
    return [yaml.safe_load(file.read_text())["sites"][0]["network"] for file in files]


def test_it_works_right_after_init_and_says_what_it_chose_and_what_is_next(estate: Path) -> None:
    status, text = add(estate, "Gornji Lug", tier="town")
    assert status == 0
    assert "network 10.10.1.0/24: the next free one after 10.10.0.0/24 in central.yml" in text
    assert "put your servers' addresses and SSH host keys into" in text
    assert f"bastide inventory check --estate {estate}" in text


@pytest.mark.parametrize("tier", ["village", "town", "city"])
def test_a_new_town_lacks_only_its_host_keys(tier: str, estate: Path) -> None:
    add(estate, "Gornji Lug", tier=tier)
    with pytest.raises(InventoryError) as caught:
        load_estate(estate)
    assert all(problem.path.endswith(".host_key") for problem in caught.value.problems)
    put_host_keys(estate)
    assert load_estate(estate).municipalities[0].tier == tier


def test_each_town_gets_the_next_free_network(estate: Path) -> None:
    for name in ("First", "Second"):
        add(estate, name)
    assert networks(estate) == ["10.10.1.0/24", "10.10.2.0/24"]


def test_a_sites_other_networks_are_in_use_too(estate: Path) -> None:
    central = estate / "central.yml"
    more = 'network: 10.10.0.0/24\n    more_networks: [10.10.7.0/24, "fd10::/64"]'
    central.write_text(central.read_text().replace("network: 10.10.0.0/24", more))
    status, text = add(estate, "First", "--network", "10.10.7.128/25")
    assert status == 2
    assert "overlaps 10.10.7.0/24 in central.yml" in text
    add(estate, "First", "--network", "10.10.8.0/24")
    assert networks(estate) == ["10.10.8.0/24"]


def test_a_network_that_is_given_is_taken(estate: Path) -> None:
    add(estate, "First", "--network", "10.99.0.0/24")
    assert networks(estate) == ["10.99.0.0/24"]


def test_a_municipality_is_never_overwritten(estate: Path) -> None:
    assert add(estate, "Gornji Lug")[0] == 0
    status, text = add(estate, "Gornji Lug", tier="city")
    assert status == 2
    assert "exists already" in text
    assert "tier: village" in (estate / "municipalities" / "gornjilug.yml").read_text()


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (("--network", "nonsense"), "expected: a network such as 10.10.1.0/24"),
        (("--network", "10.10.1.5/24"), "has host bits set"),
        (("--network", "10.10.0.128/25"), "overlaps 10.10.0.0/24 in central.yml"),
        (("--network", "10.10.1.0/28"), "expected at least 32 addresses"),
        (("--country", "Palestine"), "expected two capital letters"),
    ],
)
def test_what_cannot_be_laid_out_is_refused_in_words(
    more: tuple[str, str], message: str, estate: Path
) -> None:
    status, text = add(estate, "Gornji Lug", *more)
    assert status == 2
    assert message in text
    assert networks(estate) == []


@pytest.mark.parametrize("name", ["", "Б", "1st", "central", "estate", "two\nlines"])
def test_a_name_that_gives_no_id_is_refused(name: str, estate: Path) -> None:
    status, text = add(estate, name)
    assert status == 2
    assert "cannot name a municipality" in text


def test_the_highest_network_of_all_leaves_none_to_choose(estate: Path) -> None:
    central = estate / "central.yml"
    highest = ip_network("255.255.255.0/24")
    central.write_text(central.read_text().replace("10.10.0.0/24", str(highest)))
    status, text = add(estate, "First")
    assert status == 2
    assert "give one with --network" in text


def test_a_file_that_is_no_yaml_is_named(estate: Path) -> None:
    (estate / "central.yml").write_text("sites: [")
    status, text = add(estate, "First")
    assert status == 2
    assert "central.yml" in text


def test_in_a_lab_the_next_town_is_complete_with_an_uplink_of_its_own(tmp_path: Path) -> None:
    shutil.copytree(SHIPPED_ESTATES / "lab", tmp_path / "lab")
    status, text = add(tmp_path / "lab", "Gornji Lug", tier="city")
    assert status == 0
    assert "host keys" not in text
    estate = load_estate(tmp_path / "lab")
    uplinks = [host.uplink for town in estate.municipalities for host in town.hosts if host.uplink]
    assert len(set(uplinks)) == len(estate.municipalities)


def test_without_hosts_there_is_nothing_to_bring_up_and_nothing_is_written(estate: Path) -> None:
    status, text = add(estate, "Gornji Lug", "--empty", "--up")
    assert status == 2
    assert "there is no host to bring up" in text
    assert not networks(estate)


def test_what_is_not_complete_yet_is_not_brought_up_and_says_what_is_missing(estate: Path) -> None:
    status, text = add(estate, "Gornji Lug", "--up")
    assert status == 2
    assert "/etc/ssh/ssh_host_ed25519_key.pub" in text
    assert len(networks(estate)) == 1
    assert not (estate / "state").exists()
