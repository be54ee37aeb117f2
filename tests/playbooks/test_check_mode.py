"""What check mode stands on: answers for units to come, and modules that leave nothing behind."""

import os
import shutil
from pathlib import Path

from tests.playbooks.ansible import ROLES, ansible_playbook

MEMORY = Path("/dev/shm")  # noqa: S108
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
