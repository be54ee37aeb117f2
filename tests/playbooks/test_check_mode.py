"""What check mode stands on: answers for units to come, and modules that leave nothing behind."""

import os
import runpy
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.playbooks.ansible import PLAYBOOKS, ROLES, ansible_playbook

ANSWER = runpy.run_path(str(PLAYBOOKS / "action_plugins" / "systemd_unit.py"))["answer"]
MEMORY = Path("/dev/shm")  # noqa: S108
MISSING = {"failed": True, "msg": "Could not find the requested service a.service: host"}
PLAY = """
- hosts: localhost
  connection: local
  gather_facts: false
  tasks:
    - ansible.builtin.command: sh -c 'echo $TMPDIR $PYTHONDONTWRITEBYTECODE'
      check_mode: false
      register: said
    - ansible.builtin.assert:
        that: said.stdout == '/dev/shm 1'
    # What an earlier step of a real run would have made on the controller.
    - install_files: {files: [{src: /nowhere/yet, dest: "FOLDER/new"}]}
      register: installed
    - ansible.builtin.assert:
        that: installed.paths == ['FOLDER/new']
    - ansible.builtin.template: {src: play.yml, dest: "FOLDER/copy", mode: "0644"}
"""


@pytest.mark.parametrize(
    ("wanted", "changed"),
    [
        ({"state": "started"}, True),
        ({"state": "restarted"}, True),
        ({"state": "stopped", "enabled": False}, False),
        ({"enabled": "yes"}, True),
    ],
)
def test_a_unit_that_is_not_there_yet_would_start_or_stays_stopped(
    wanted: dict[str, Any], changed: bool
) -> None:
    result = ANSWER({"name": "a.service", **wanted}, MISSING)
    assert (result["name"], result["changed"], result["status"]) == ("a.service", changed, {})
    assert not result.get("failed")


def test_any_other_failure_stays_one() -> None:
    failure = {"failed": True, "msg": "failure 1 during daemon-reload"}
    assert ANSWER({"name": "a.service", "state": "started"}, failure) is failure


def test_every_role_asks_for_units_in_the_way_that_check_mode_knows() -> None:
    files = [*ROLES.glob("*/tasks/*.yml"), *ROLES.glob("*/handlers/*.yml")]
    assert not [file for file in files if "ansible.builtin.systemd_service" in file.read_text()]


def test_modules_and_uploads_leave_nothing_outside_of_memory(tmp_path: Path) -> None:
    home, play = tmp_path / "home", tmp_path / "play.yml"
    home.mkdir()
    play.write_text(PLAY.replace("FOLDER", str(tmp_path)))
    before = {folder: folder.stat().st_mtime_ns for folder in (home, tmp_path)}

    done = ansible_playbook(
        *("-i", "localhost,", "--check", "--diff", play),
        *("-e", "ansible_shell_type=without_traces", "-e", f"ansible_remote_tmp={MEMORY}"),
        HOME=str(home),
        # What Ansible keeps on the controller, which is the same machine here.
        ANSIBLE_HOME=str(MEMORY / f"controller-{os.getpid()}"),
    )

    shutil.rmtree(MEMORY / f"controller-{os.getpid()}")
    assert done.returncode == 0, done.stdout + done.stderr
    assert {folder: folder.stat().st_mtime_ns for folder in before} == before
