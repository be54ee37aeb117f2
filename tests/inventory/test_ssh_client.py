"""OpenSSH's own program reads the generated configuration as it is meant."""

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from inventory.connections import Connection
from inventory.load import load_estate
from inventory.model.estate import Estate
from inventory.outputs import HostOutput, Outputs
from inventory.paths import SHIPPED_ESTATES
from inventory.ssh_client import (
    config_path,
    connections,
    known_hosts,
    known_hosts_path,
    ssh_config,
    write_ssh_files,
)

KEYS = [
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAICIli2MS/jSLosGpGL/cuwQhBlOLOi7tPMNWu/DShkXj",
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHVFsWbnXqY0tsf8e7PyzGS6QG4aBnyqSYuVOJq2W1cN",
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl",
]
GATE = Connection("velgora-web.jump", "203.0.113.7", 2022, "gate", host_key=KEYS[0])
WEB = Connection(
    "velgora-web", "10.0.0.10", 2222, "itadmin", "password", key=Path("/k"), jump=GATE,
    host_key=KEYS[1],
)  # fmt: skip
TWIN = Connection("drinasi-web", "10.0.0.10", 2222, "itadmin", host_key=KEYS[2])


@pytest.fixture(scope="module")
def pilot() -> Estate:
    return load_estate(SHIPPED_ESTATES / "pilot")


def resolved(state: Path, host: str, ways: tuple[Connection, ...]) -> dict[str, str]:
    """Return the settings that `ssh -F FILE HOST` would use."""
    config_path(state).parent.mkdir(parents=True)
    config_path(state).write_text(ssh_config(ways, state))
    done = subprocess.run(
        ["ssh", "-G", "-F", str(config_path(state)), host],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return dict(line.split(" ", 1) for line in done.stdout.splitlines() if " " in line)


def test_ssh_goes_the_declared_way_and_pins_by_name(tmp_path: Path) -> None:
    state = tmp_path / "a state"
    settings = resolved(state, "velgora-web", (WEB, GATE))
    expected = {
        "hostname": "10.0.0.10",
        "hostkeyalias": "velgora-web",
        "port": "2222",
        "user": "itadmin",
        "proxyjump": "velgora-web.jump",
        "identityfile": "/k",
        "identitiesonly": "yes",
        "stricthostkeychecking": "true",
        "updatehostkeys": "false",
        "userknownhostsfile": str(known_hosts_path(state)),
    }
    assert {name: settings[name] for name in expected} == expected


def test_the_agents_keys_are_used_where_no_file_is_named(tmp_path: Path) -> None:
    settings = resolved(tmp_path, "velgora-web.jump", (WEB, GATE))
    assert settings["identitiesonly"] == "no"
    assert (settings["hostname"], settings["user"]) == ("203.0.113.7", "gate")
    assert "proxyjump" not in settings


def test_an_address_of_two_towns_pins_neither_of_them() -> None:
    assert known_hosts((WEB, TWIN, GATE)).splitlines() == [
        f"velgora-web {KEYS[1]}",
        f"drinasi-web {KEYS[2]}",
        f"velgora-web.jump,[203.0.113.7]:2022 {KEYS[0]}",
    ]


def test_a_host_without_a_key_and_this_very_machine_have_no_line(tmp_path: Path) -> None:
    watched = Connection("drinasi-nas", "10.0.0.11")
    here = Connection("central-ops", "10.0.0.1", local=True)
    assert known_hosts((watched, here)) == ""
    assert "central-ops" not in ssh_config((watched, here), tmp_path)


def test_every_host_of_an_estate_has_an_entry(pilot: Estate, tmp_path: Path) -> None:
    made = HostOutput(
        address="192.0.2.99", host_key=KEYS[0], provider=pilot.provider
    )  # what provisioning found counts
    outputs = Outputs(estate="pilot", hosts={"brezovik-app": made})
    ways = connections(pilot, tmp_path, outputs)
    assert len(ways) == 25
    assert f"brezovik-app,192.0.2.99 {KEYS[0]}\n" in known_hosts(ways)


def test_files_are_written_only_where_they_differ(pilot: Estate, tmp_path: Path) -> None:
    write_ssh_files(pilot, tmp_path)
    first = config_path(tmp_path).stat()
    write_ssh_files(pilot, tmp_path)
    again = config_path(tmp_path).stat()
    assert (again.st_ino, again.st_mtime_ns) == (first.st_ino, first.st_mtime_ns)
    known_hosts_path(tmp_path).write_text("strange")
    write_ssh_files(pilot, tmp_path)
    assert known_hosts_path(tmp_path).read_text() != "strange"
    assert first.st_mode & 0o777 == 0o600


def test_a_host_is_known_at_each_of_its_addresses_that_no_other_has() -> None:
    way = replace(TWIN, port=22, address="10.0.0.11", more_addresses=("fd00::11", "10.0.0.12"))
    other = replace(GATE, port=22, address="10.0.0.12")
    assert known_hosts((way,)) == f"drinasi-web,10.0.0.11,fd00::11,10.0.0.12 {KEYS[2]}\n"
    assert known_hosts((way, other)).startswith(f"drinasi-web,10.0.0.11,fd00::11 {KEYS[2]}\n")
    elsewhere = replace(way, port=2222, more_addresses=("fd00::11",))
    assert known_hosts((elsewhere,)).startswith("drinasi-web,[10.0.0.11]:2222,[fd00::11]:2222 ")
