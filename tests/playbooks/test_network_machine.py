"""Addresses, routes and a VPN of a real machine: who is cut off by them is let in again."""

import json
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.playbooks.own_machine import NAME, OwnMachine, machine

__all__ = ["machine"]
pytestmark = pytest.mark.root

CASES = yaml.safe_load((Path(__file__).parent / "cases" / "network_faults.yml").read_text())
FOLDER = "/etc/systemd/network"
PLAYS = """
- name: Change the network
  hosts: managed
  gather_facts: false
  tasks:
    - name: Install the program that reverts what nobody confirms
      ansible.builtin.import_role:
        name: commit_confirmed
        rolespec_validate: false
    - name: Configure addresses, routes and VPNs
      ansible.builtin.import_role:
        name: network
"""
MORE = """
[Match]
Name=INTERFACE
[Network]
Address=ADDRESS/24
Address=192.0.2.10/24
Gateway=GATEWAY
"""
SECONDS = 15
PATIENCE_SECONDS = 60
# The host's network as files and as the kernel has it, without what the kernel counts.
PICTURE = f"""
find {FOLDER} ! -type d -printf '%p %m %U %G %T@ %l\\n' | sort; cat {FOLDER}/*
ip -oneline address | sed 's/valid_lft .*//' | grep -v fe80; ip -oneline route; ip rule
"""


@pytest.fixture
def plays(tmp_path: Path) -> str:
    (tmp_path / "plays.yml").write_text(PLAYS)
    return str(tmp_path / "plays.yml")


def changed(
    machine: OwnMachine, plays: str, files: dict[str, str], seconds: int = 60
) -> tuple[str, int]:
    """Have the machine's network changed to files; return what was said and the exit status."""
    wanted = [{"dest": f"{FOLDER}/{name}", "content": text} for name, text in files.items()]
    _, said, status = machine.play(plays, network_files=wanted, network_confirm_seconds=seconds)
    return said, status


def filled(machine: OwnMachine, text: str) -> str:
    """Return a case's text with the machine's own interface and address, and ours."""
    ours = machine.output("echo $SSH_CONNECTION").split()[0]
    (link,) = json.loads(machine.output(f"ip -json address show to {machine.address}"))
    (route,) = json.loads(machine.output("ip -json route show default"))
    for word, value in (
        ("GATEWAY", route["gateway"]),
        ("INTERFACE", link["ifname"]),
        ("ADDRESS", machine.address),
        ("OURS", ours),
    ):
        text = text.replace(word, value)
    return text


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_whoever_is_cut_off_is_let_in_again_and_all_is_as_it_was(
    case: dict[str, Any], machine: OwnMachine, plays: str
) -> None:
    before = machine.output(PICTURE)
    files = {case["file"]: case["content"], **case.get("more", {})}

    wanted = {name: filled(machine, text) for name, text in files.items()}
    said, status = changed(machine, plays, wanted, SECONDS)

    assert status != 0
    assert "no new SSH connection" in said
    end = time.monotonic() + PATIENCE_SECONDS
    while (now := machine.run(PICTURE)).stdout != before:
        assert time.monotonic() < end, f"{now.stderr}{now.stdout}\nexpected: {before}"
        time.sleep(1)
    assert "nobody confirmed it in time" in machine.output(
        "cat $(ls -td /var/lib/bastide/changes/*-network-*/ | head -1)/outcome.json"
    )


def test_an_address_more_stays_and_a_second_run_changes_nothing(
    machine: OwnMachine, plays: str
) -> None:
    files = {"00-more.network": filled(machine, MORE)}
    said, status = changed(machine, plays, files)
    assert status == 0, said
    shown = "ip address; networkctl list; journalctl -u systemd-networkd -n 20 --no-pager"
    assert "192.0.2.10/24" in machine.output("ip address"), machine.output(shown)
    said, status = changed(machine, plays, files)
    assert "changed=0" in said


def test_a_file_that_is_not_the_networks_is_refused(machine: OwnMachine, plays: str) -> None:
    said, status = changed(machine, plays, {"../../passwd": ""})
    assert status != 0
    assert f"{NAME}: network_files: {FOLDER}/../../passwd is no file of the network" in said
