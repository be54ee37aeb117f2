"""rollback.yml on this machine as its only host, whose records are in a folder of the test's."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.playbooks.ansible import PLAYBOOKS

pytestmark = pytest.mark.root

FIRST, SECOND, THIRD = (f"2026112{day}T161500Z-0001" for day in (7, 8, 9))
INSTALL = """
- hosts: managed
  gather_facts: false
  tasks:
    - install_files: {files: [{content: ours, dest: "FOLDER/a"}, {content: x, dest: "FOLDER/b/c"}]}
    - recorded_command:
        run: "{{ bastide_run }}"
        argv: [chmod, "0600", "FOLDER/d"]
        access: ["FOLDER/*"]
"""
# /var/lib/bastide is the test's own for this program and what it starts.
OWN_RECORDS = (
    'mkdir -p /var/lib/bastide && mount --bind "$1" /var/lib/bastide && shift && exec "$@"'
)


class Machine:
    """This machine as an inventory's only host."""

    def __init__(self, folder: Path) -> None:
        self.etc, self.records = folder / "etc", folder / "records"
        self.events = folder / "events"
        for made in (self.etc, self.records):
            made.mkdir()
        self.install = folder / "install.yml"
        self.install.write_text(INSTALL.replace("FOLDER", str(self.etc)))
        self.inventory = folder / "hosts"
        python = f"ansible_python_interpreter={sys.executable}"
        self.inventory.write_text(f"[managed]\nthis ansible_connection=local {python}\n")

    def play(self, playbook: Path | str, run: str, *arguments: str) -> list[dict[str, Any]]:
        """Run a playbook as a run; return its events."""
        self.events.write_text("")
        subprocess.run(
            [
                *("unshare", "--mount", "sh", "-c", OWN_RECORDS, "own", str(self.records)),
                *(str(Path(sys.executable).parent / "ansible-playbook"), str(playbook)),
                *("-i", str(self.inventory), "-e", f"bastide_run={run}", *arguments),
            ],
            check=False,
            cwd=PLAYBOOKS,
            env={
                "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
                "HOME": str(self.events.parent),
                "LC_ALL": "C.UTF-8",
                "ANSIBLE_CONFIG": str(PLAYBOOKS / "ansible.cfg"),
                "ANSIBLE_INVENTORY_ENABLED": "ini",
                "ANSIBLE_CALLBACKS_ENABLED": "bastide_events",
                "BASTIDE_EVENTS": str(self.events),
            },
            stdout=subprocess.DEVNULL,
            stdin=subprocess.DEVNULL,
        )
        return [json.loads(line) for line in self.events.read_text().splitlines()]

    def rollback(self, target: str, run: str, *arguments: str) -> list[dict[str, Any]]:
        events = self.play("rollback.yml", run, "-e", f"rollback_run={target}", *arguments)
        return [event for event in events if event["event"] == "task"]


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_a_run_is_rolled_back_and_says_what(machine: Machine) -> None:
    etc = machine.etc
    (etc / "a").write_text("theirs")
    (etc / "d").write_text("")
    (etc / "d").chmod(0o644)
    machine.play(machine.install, FIRST)
    assert ((etc / "a").read_text(), (etc / "d").stat().st_mode & 0o777) == ("ours", 0o600)

    dry = machine.rollback(FIRST, SECOND, "--check")[-1]
    assert (etc / "a").read_text() == "ours"
    done = machine.rollback(FIRST, SECOND)[-1]

    things = [f"file {etc}/a", f"file {etc}/b", f"file {etc}/b/c", f"access {etc}/d"]
    assert dry["things"] == done["things"] == things
    assert (done["changed"], done["stays"], done["refusals"]) == (True, [], [])
    assert ((etc / "a").read_text(), (etc / "d").stat().st_mode & 0o777) == ("theirs", 0o644)
    assert not (etc / "b").exists()


def test_what_speaks_against_it_ends_the_playbook_before_any_change(machine: Machine) -> None:
    (machine.etc / "d").write_text("")
    machine.play(machine.install, FIRST)
    (machine.etc / "a").write_text("by hand")

    (event,) = machine.rollback(FIRST, SECOND)

    assert event["outcome"] == "failed"
    assert f"{machine.etc}/a: no longer what the run left" in event["message"]
    assert (machine.etc / "b" / "c").exists()

    forced = machine.rollback(FIRST, THIRD, "-e", "rollback_force=true")[-1]
    assert [reason.split(":")[0] for reason in forced["refusals"]] == [f"{machine.etc}/a"]
    assert sorted(path.name for path in machine.etc.iterdir()) == ["d"]
