"""A real router: what it forwards and filters is kept only if its site is still reached."""

import time
from pathlib import Path

import pytest

from tests.playbooks.own_machine import NAME, OwnMachine, machine

__all__ = ["machine"]
pytestmark = pytest.mark.root

PLAYS = """
- name: Make a router
  hosts: managed
  gather_facts: false
  tasks:
    - name: Install the program that reverts what nobody confirms
      ansible.builtin.import_role:
        name: commit_confirmed
        rolespec_validate: false
    - name: Configure routing and NAT
      ansible.builtin.import_role:
        name: edge
"""
SECONDS = 15
PATIENCE_SECONDS = 60
FILE = "/etc/sysctl.d/70-bastide-edge.conf"
SEEN = f"sysctl --all 2>/dev/null | grep -E '^net.ipv4.(ip_forward|conf)'; ls {FILE} || true"
FORWARDING = "cat /proc/sys/net/ipv4/ip_forward"


@pytest.fixture
def plays(tmp_path: Path) -> str:
    (tmp_path / "plays.yml").write_text(PLAYS)
    return str(tmp_path / "plays.yml")


def made(machine: OwnMachine, plays: str, behind: str, **uplinks: str) -> tuple[str, int]:
    """Make it a router to a site with one host; return what was said and the exit status."""
    named = [{"id": name, "gateway": gateway} for name, gateway in uplinks.items()]
    _, said, status = machine.play(
        plays, bastide_behind=[behind], bastide_uplinks=named, edge_confirm_seconds=SECONDS
    )
    return said, status


def test_a_router_that_passes_nothing_on_is_no_router_again(
    machine: OwnMachine, plays: str
) -> None:
    machine.output("sysctl net.ipv4.ip_forward=0 net.ipv4.conf.all.rp_filter=0")
    before = machine.output(SEEN)
    said, status = made(machine, plays, "nobody.invalid")
    assert status != 0
    assert "behind it nobody answers" in said
    end = time.monotonic() + PATIENCE_SECONDS
    while machine.output(SEEN) != before:
        assert time.monotonic() < end, machine.output(SEEN)
        time.sleep(1)


def test_one_that_reaches_its_site_stays_and_is_put_right(machine: OwnMachine, plays: str) -> None:
    said, status = made(machine, plays, NAME)
    assert status == 0, said
    assert machine.output(FORWARDING) == "1\n"
    said, status = made(machine, plays, NAME)
    assert "changed=0" in said
    machine.output("sysctl net.ipv4.ip_forward=0")
    said, status = made(machine, plays, NAME)
    assert (status, machine.output(FORWARDING)) == (0, "1\n"), said


def test_gateways_are_asked_while_uplinks_are_declared(machine: OwnMachine, plays: str) -> None:
    timer = "systemctl is-active bastide-gateways.timer || true"
    for uplinks, expected in (({"fibre": "192.0.2.1"}, "active\n"), ({}, "inactive\n")):
        said, status = made(machine, plays, NAME, **uplinks)
        assert (status, machine.output(timer)) == (0, expected), said
        said, status = made(machine, plays, NAME, **uplinks)
        assert "changed=0" in said
    assert machine.output("ls /etc/systemd/system/bastide-gateways.* || true") == ""
