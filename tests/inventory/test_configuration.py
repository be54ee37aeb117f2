"""What is said of reading a device's configuration, and what is refused."""

from pathlib import Path

import pytest

from inventory.connections import connection, device_connection, device_ssh, jumped_to
from inventory.entries import devices, hosts
from inventory.enums import Role
from inventory.hostvars import host_variables
from inventory.load import load_estate
from inventory.outputs import Outputs
from inventory.problems import InventoryError
from inventory.secrets import MARKS, references
from tests.bastide.estates import HOST_KEY, new_estate

DEVICE = """devices:
  - id: sw1
    kind: switch
    site: {site}
    address: {address}
    snmp: {{version: 2c, community: "env:COMMUNITY"}}
    configuration:
      platform: ios
      ssh: {{user: backup, password: "env:SW1_PASSWORD"}}
      host_key: {key}
"""


def estate_with(folder: Path, old: str = "", new: str = "") -> Path:
    """Return an estate with one device, in which `old` is `new`."""
    estate = new_estate(folder / "ours")
    file = estate / "municipalities" / "gornjilug.yml"
    text = file.read_text()
    town = load_estate(estate).municipalities[0]
    address = next(iter(town.sites[0].networks))[77]
    device = DEVICE.format(site=town.sites[0].id, address=address, key=HOST_KEY)
    assert not old or old in device
    file.write_text(text.replace("devices:\n", device.replace(old, new)))
    return estate


def problems(folder: Path, old: str, new: str) -> str:
    with pytest.raises(InventoryError) as caught:
        load_estate(estate_with(folder, old, new))
    return str(caught.value)


def test_the_way_in_is_the_devices_own(tmp_path: Path) -> None:
    estate = load_estate(estate_with(tmp_path))
    entry = next(devices(estate))
    assert entry.device.configuration
    way = device_connection(entry, entry.device.configuration, tmp_path)
    assert (way.user, way.port, way.host_key) == ("backup", 22, HOST_KEY)
    assert (way.address, way.jump) == (str(entry.device.address), None)


def test_its_password_and_what_marks_are_made_with_are_secrets_of_the_estate(
    tmp_path: Path,
) -> None:
    estate = load_estate(estate_with(tmp_path))
    assert {"env:SW1_PASSWORD", MARKS} <= set(references(estate))


def test_a_host_key_is_needed(tmp_path: Path) -> None:
    assert "host_key" in problems(tmp_path, f"host_key: {HOST_KEY}", "secret_words: [abc]")


def test_a_password_that_stands_there_itself_is_refused_and_not_shown(tmp_path: Path) -> None:
    told = problems(tmp_path, '"env:SW1_PASSWORD"', "Hunter2Hunter2")
    assert "password" in told
    assert "Hunter2" not in told


def test_one_of_password_and_key_is_needed(tmp_path: Path) -> None:
    both = 'password: "env:A", private_key: "env:B"'
    assert "either" in problems(tmp_path / "a", 'password: "env:SW1_PASSWORD"', both)
    assert "either" in problems(tmp_path / "b", ', password: "env:SW1_PASSWORD"', "")


def test_a_password_of_an_account_that_exists_cannot_be_generated(tmp_path: Path) -> None:
    assert "cannot be generated" in problems(tmp_path, "env:SW1_PASSWORD", "generated:sw1")


def test_a_jump_host_that_is_not_there_is_refused(tmp_path: Path) -> None:
    assert "nowhere" in problems(tmp_path, "user: backup", "user: backup, jump: nowhere-host")


def test_a_jump_host_lets_logins_through_to_the_device(tmp_path: Path) -> None:
    jump = "gornjilug-server"
    estate = load_estate(estate_with(tmp_path, "user: backup", f"user: backup, jump: {jump}"))
    entry = next(devices(estate))
    assert entry.device.configuration
    host = next(one for one in hosts(estate) if one.name == jump)
    assert device_ssh(entry).jump == jump
    assert jumped_to(host) == (f"{entry.device.address}:22",)
    way = device_connection(entry, entry.device.configuration, tmp_path)
    assert way.jump == connection(host, tmp_path)


def test_only_the_operations_host_is_given_what_it_is_logged_in_to_with(tmp_path: Path) -> None:
    folder = estate_with(tmp_path, '"env:SW1_PASSWORD"', "file:/srv/sw1")
    estate = load_estate(folder)
    for entry in hosts(estate):
        given = host_variables(entry, folder, tmp_path, Outputs(estate=estate.estate))
        expected = {
            "wanted": True,
            "jumps": False,
            "secrets": [
                {"reference": "file:/srv/sw1", "to": "/srv/sw1"},
                {"reference": MARKS, "to": "secrets/configuration-marks"},
            ],
        }
        nothing = {"wanted": False, "jumps": False, "secrets": []}
        is_operations = Role.OPERATIONS in entry.host.roles
        assert given["bastide_configurations"] == (expected if is_operations else nothing)
