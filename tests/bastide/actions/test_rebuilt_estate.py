"""The estate beside another, in which a host is rebuilt: nothing of it meets the original."""

import shutil
from ipaddress import IPv4Network
from pathlib import Path

import pytest

from bastide.actions import rebuilt_estate
from bastide.support.errors import CommandError
from bastide.support.estate import EstateContext
from inventory.entries import InventoryHost, hosts
from inventory.load import load_estate
from inventory.paths import SHIPPED_ESTATES
from monitors.continuity.objectives import backup_objectives
from tests.inventory.test_buckets import BUCKETS

HOST = "kastrava-app"
NOTIFY = """
notify:
  channels:
    - id: post
      mail: {to: [it@estate.example], sender: alerts@estate.example, server: "mail.example:25"}
"""


def context_of(folder: Path, state: Path) -> EstateContext:
    return EstateContext(folder, load_estate(folder), state)


def entry_of(context: EstateContext, name: str = HOST) -> InventoryHost:
    return next(entry for entry in hosts(context.estate) if entry.name == name)


@pytest.fixture
def lab(tmp_path: Path) -> EstateContext:
    state = tmp_path / "state"
    (state / "secrets").mkdir(parents=True)
    for name in ("restic-kastrava-app", "restic-velgora-app", "pulumi-passphrase"):
        (state / "secrets" / name).write_text(name)
    return context_of(SHIPPED_ESTATES / "lab", state)


def test_machines_of_others_are_not_made_anew(tmp_path: Path) -> None:
    pilot = context_of(SHIPPED_ESTATES / "pilot", tmp_path)
    entry = next(iter(hosts(pilot.estate)))
    with pytest.raises(CommandError, match="only the provider lab can"):
        rebuilt_estate.rebuilt_estate(pilot, entry, tmp_path / "rebuilt")
    assert not (tmp_path / "rebuilt" / "pilotdrill").exists()


def test_it_has_the_hosts_municipality_and_central_at_other_addresses(
    lab: EstateContext, tmp_path: Path
) -> None:
    beside = rebuilt_estate.rebuilt_estate(lab, entry_of(lab), tmp_path / "rebuilt")
    assert beside.estate.lab is not None
    assert lab.estate.lab is not None
    assert not beside.estate.lab.range.overlaps(lab.estate.lab.range)
    assert beside.estate.estate != lab.estate.estate
    assert [town.municipality for town in beside.estate.municipalities] == ["kastrava"]
    addresses = [entry.host.address for entry in hosts(beside.estate)]
    assert all(address in beside.estate.lab.range for address in addresses)
    assert "10.77." not in "".join(file.read_text() for file in beside.folder.glob("**/*.yml"))


def test_of_the_originals_secrets_it_has_the_passwords_of_the_hosts_plans_alone(
    lab: EstateContext, tmp_path: Path
) -> None:
    beside = rebuilt_estate.rebuilt_estate(lab, entry_of(lab), tmp_path / "rebuilt")
    assert [file.name for file in (beside.state / "secrets").iterdir()] == ["restic-kastrava-app"]
    assert beside.state.parent == tmp_path / "rebuilt"


def test_what_an_earlier_drill_has_left_is_no_part_of_it(
    lab: EstateContext, tmp_path: Path
) -> None:
    shutil.copytree(SHIPPED_ESTATES / "pilot", tmp_path / "rebuilt" / "estate")
    beside = rebuilt_estate.rebuilt_estate(lab, entry_of(lab), tmp_path / "rebuilt")
    assert [town.municipality for town in beside.estate.municipalities] == ["kastrava"]


def test_an_address_of_nobody_and_a_version_stay_as_they_are() -> None:
    old, new = IPv4Network("10.77.0.0/16"), IPv4Network("10.178.0.0/16")
    text = "10.77.3.30 192.0.2.7 1.2.300.4 10.77.0.0/24"
    assert rebuilt_estate._moved(text, old, new) == "10.178.3.30 192.0.2.7 1.2.300.4 10.178.0.0/24"


def test_nobody_is_called_and_no_copy_of_the_original_is_reached(
    lab: EstateContext, tmp_path: Path
) -> None:
    folder = tmp_path / "lab"
    shutil.copytree(lab.folder, folder)
    town = folder / "municipalities" / "kastrava.yml"
    town.write_text(town.read_text() + "second_target: offsite\n")
    with (folder / "estate.yml").open("a") as opened:
        opened.write(BUCKETS.format(endpoint="https://s3.example", days=180))
        opened.write(NOTIFY)
    original = context_of(folder, lab.state)
    assert original.estate.buckets
    assert original.estate.notify
    beside = rebuilt_estate.rebuilt_estate(original, entry_of(original), tmp_path / "rebuilt")
    assert beside.estate.buckets == ()
    assert beside.estate.notify is None
    assert all(p.second_target is None for p in backup_objectives(beside.estate))
