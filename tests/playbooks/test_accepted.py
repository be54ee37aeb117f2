"""What nobody has accepted stops plain ansible-playbook before anything changes anywhere."""

import re
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.bastide.actions.test_host_check import estate, site
from tests.bastide.estates import host_key
from tests.command import bastide
from tests.monitors.audit.collect.ssh_server import new_key
from tests.monitors.shell_server import Quirks, shell_server
from tests.playbooks.ansible import PLAYBOOKS, ansible_playbook

# The plays that every run of ours begins with, and one that says whom it would change.
PLAYS = f"""\
- import_playbook: {PLAYBOOKS}/plays/refuse.yml
- import_playbook: {PLAYBOOKS}/plays/accepted.yml
- hosts: managed
  gather_facts: false
  tasks:
    - name: Change it
      debug: {{msg: "changed {{{{ inventory_hostname }}}}"}}
"""
COMPARED = "PLAY [Compare what existing servers would lose with what was accepted]"
TASK = re.compile(r"^TASK \[(.+)\]", re.MULTILINE)
CHANGED = re.compile(r"msg: changed (\S+)")


@dataclass(frozen=True)
class Servers:
    """An estate with servers that were accepted, and what the first of them was asked."""

    folder: Path
    estate: Path
    quirks: Quirks

    def play(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        file = self.folder / "plays.yml"
        file.write_text(PLAYS)
        return ansible_playbook(file, *arguments, estate=str(self.estate), **self.environment)

    @property
    def environment(self) -> dict[str, str]:
        return {"BASTIDE_STATE_HOME": str(self.folder / "state")}

    def accept(self) -> None:
        done = bastide(
            *("host", "impact", "gradac-web", "--accept", "Ana", "--write"),
            *("--estate", str(self.estate)),
            **self.environment,
        )
        assert done.returncode == 0, done.stderr


@contextmanager
def servers(folder: Path, quirks: Quirks) -> Iterator[Servers]:
    """Serve `gradac-web`, which is this machine over SSH; `gradac-down` lacks its password."""
    folder.mkdir(exist_ok=True)
    with shell_server(folder, quirks, new_key(folder / "key")) as server:
        ssh = {"user": "itadmin", "key": str(folder / "key"), "sudo": "passwordless"}
        up = host("web", "127.0.0.1", server.host_key_line, ssh | {"port": server.port})
        lost = {"port": 1, "sudo": "password", "sudo_password": "env:BASTIDE_NOT_THERE"}
        down = host("down", "127.0.0.2", host_key(1), ssh | lost)
        written = estate(folder / "estate", up)
        file = written / "municipalities" / "gradac.yml"
        town = yaml.safe_load(file.read_text())
        town["hosts"].append(down)
        town["sites"] = [site("hall", "127.0.0.0/24", "127.0.0.9")]
        file.write_text(yaml.safe_dump(town, sort_keys=False))
        central = written / "central.yml"
        central.write_text(central.read_text().replace("manage: watch", "manage: full"))
        yield Servers(folder, written, quirks)


def host(own_id: str, address: str, key: str, ssh: dict[str, Any]) -> dict[str, object]:
    accepts = {"level": "baseline", "by": "Ana", "date": "2026-11-27", "cuts": []}
    return {
        "id": own_id,
        "site": "hall",
        "address": address,
        "host_key": key,
        "manage": "baseline",
        "accepts": accepts,
        "ssh": ssh,
    }


def lasting_port() -> socket.socket:
    """Listen for others at a port that the kernel gives to nobody by itself."""
    for port in range(20000, 32768):
        with suppress(OSError):
            return socket.create_server(("0.0.0.0", port))  # noqa: S104 - others can reach it
    raise AssertionError("no free port")


def test_a_new_listener_on_one_server_ends_the_run_for_all(tmp_path: Path) -> None:
    with servers(tmp_path, Quirks()) as ours:
        ours.accept()
        ours.quirks.logins.clear()
        with lasting_port() as listening:
            port = listening.getsockname()[1]
            done = ours.play()
    assert done.returncode == 2, done.stdout + done.stderr
    assert f"found: tcp port {port}," in done.stdout
    assert "gradac-web: baseline would cut off more than what Ana accepted" in done.stdout
    assert "nothing was changed on any host" in done.stdout
    assert CHANGED.findall(done.stdout) == []
    assert "Change it" not in TASK.findall(done.stdout)
    assert len(ours.quirks.logins) == 1


@pytest.mark.root
def test_what_cannot_be_read_is_not_changed_and_the_others_are(tmp_path: Path) -> None:
    # In a network of its own nothing listens, whatever else this machine is at.
    quirks = Quirks(login_shell=("unshare", "--net", "/bin/sh", "-c"))
    with servers(tmp_path, quirks) as ours:
        ours.accept()
        quirks.logins.clear()
        done = ours.play()
        assert len(quirks.logins) == 1
        # What only looks is stopped by nothing, and does not even log in.
        checked = ours.play("--check")
        assert len(quirks.logins) == 1
    assert done.returncode == 2, done.stdout + done.stderr
    assert sorted(CHANGED.findall(done.stdout)) == ["central-ops", "gradac-web"]
    assert "gradac-down: it could not be read, so it is left as it is" in done.stdout
    assert "BASTIDE_NOT_THERE is not set" in done.stdout
    assert sorted(CHANGED.findall(checked.stdout)) == ["central-ops", "gradac-web"]
    assert "left as it is" not in checked.stdout


def test_hosts_that_bastide_made_pay_nothing(tmp_path: Path, own_state: Path) -> None:
    file = tmp_path / "plays.yml"
    file.write_text(PLAYS)
    done = ansible_playbook(file, estate="lab")
    assert done.returncode == 0, done.stderr
    assert TASK.findall(done.stdout) == ["Change it"]
    assert COMPARED in done.stdout
    assert done.stdout.count("no hosts matched") == 3


@pytest.mark.parametrize("name", ["configure", "harden"])
def test_what_cuts_off_compares_right_after_it_refuses(name: str) -> None:
    plays = yaml.safe_load((PLAYBOOKS / f"{name}.yml").read_text())
    imported = [play.get("ansible.builtin.import_playbook") for play in plays]
    assert imported[:2] == ["plays/refuse.yml", "plays/accepted.yml"]
