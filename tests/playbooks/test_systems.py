"""Systems that the playbooks do not configure are refused before any change."""

import re
from pathlib import Path

import pytest
import yaml

from tests.playbooks.ansible import PLAYBOOKS, ansible_playbook

CASES = Path(__file__).parent / "cases" / "systems"
REFUSED = {"debian11", "rocky9", "sid", "silent"}
ACCEPTED = {"debian12": "15", "debian13": "17", "ubuntu2404": "16"}


@pytest.fixture(scope="module")
def output() -> str:
    hosts = ",".join(sorted({*REFUSED, *ACCEPTED}))
    done = ansible_playbook(CASES / "check.yml", "-i", hosts, ANSIBLE_INVENTORY_ENABLED="host_list")
    assert done.returncode == 2, done.stdout + done.stderr
    return " ".join(done.stdout.split())


def test_each_other_system_is_refused_and_told_what_to_do(output: str) -> None:
    assert set(re.findall(r"fatal: \[(\w+)\]", output)) == REFUSED
    assert "debian11 has Debian GNU/Linux 11 (bullseye), which the playbooks do not" in output
    assert "silent has a system that does not say what it is" in output
    assert "Expected: Debian 12 and 13, or Ubuntu 22.04 and 24.04, which are not proved." in output
    assert "set `manage: audit`" in output


def test_each_supported_one_goes_on_with_its_variables(output: str) -> None:
    went_on = dict(re.findall(r"(\w+) goes on with PostgreSQL (\d+)", output))
    assert went_on == ACCEPTED


def test_what_is_not_proved_is_said(output: str) -> None:
    assert "Ubuntu 24.04.1 LTS is supported by variables; the project's tests do not" in output
    assert "(bookworm) is supported by variables" not in output


def test_a_container_is_detected_whoever_made_it_and_has_neither_kernel_nor_clock() -> None:
    """By what systemd-detect-virt says on the host; the inventory says nothing of it."""
    answers = {"lxc": False, "docker": False, "systemd-nspawn": False, "none": True, "silent": True}
    done = ansible_playbook(
        CASES / "containers.yml", "-i", ",".join(answers), "-e", f"roles={PLAYBOOKS / 'roles'}",
        ANSIBLE_INVENTORY_ENABLED="host_list",
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    for answer, own in answers.items():
        assert f"{answer}: kernel {own}, clock {own}" in done.stdout


@pytest.mark.parametrize("playbook", ["configure", "harden"])
def test_a_playbook_that_changes_hosts_begins_with_it(playbook: str) -> None:
    plays = yaml.safe_load((PLAYBOOKS / f"{playbook}.yml").read_text())
    imported = [play.get("ansible.builtin.import_playbook") for play in plays]
    [check] = yaml.safe_load((PLAYBOOKS / "plays/supported.yml").read_text())
    leave_out, task = check["tasks"]
    # Where there is no Python, the play that installs it looks at the system itself.
    before = ["refuse", "accepted", "python", "supported"]
    assert imported[:4] == [f"plays/{name}.yml" for name in before]
    assert check["hosts"] == "managed"
    assert task["ansible.builtin.import_role"]["name"] == "systems"
    assert leave_out["ansible.builtin.meta"] == "end_host"
    assert leave_out["when"] == "systems_read is defined", "once in a process of several playbooks"
    assert "always" in task["tags"]


def test_the_refusal_names_every_system_of_the_table() -> None:
    variables = yaml.safe_load((PLAYBOOKS / "roles/systems/vars/main.yml").read_text())
    for name, versions in variables["systems_supported"].items():
        assert f"{name.capitalize()} {' and '.join(versions)}" in variables["systems_list"]
