"""A machine of the tests' own that playbooks are run on over SSH, and nothing else of an estate."""

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from infra.lab import machine as machines
from infra.ssh_keys import new_key_pair
from inventory.run_id import new_run
from tests.infra.lab.own_lab import OwnLab
from tests.playbooks.ansible import ansible_playbook

NAME = "victim"


@dataclass(frozen=True)
class OwnMachine:
    """A machine, how it is logged in to, and the state of whoever runs playbooks on it."""

    lab: OwnLab
    address: str
    folder: Path

    @property
    def config(self) -> Path:
        return self.folder / "ssh_config"

    def run(self, command: str, seconds: float = 60) -> "subprocess.CompletedProcess[str]":
        """Run a command on it over a new connection."""
        return subprocess.run(
            ["ssh", "-F", self.config, NAME, command],
            capture_output=True,
            text=True,
            check=False,
            timeout=seconds,
        )

    def output(self, command: str, seconds: float = 60) -> str:
        done = self.run(command, seconds)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def play(self, playbook: str, *arguments: str, **variables: object) -> tuple[str, str, int]:
        """Run one of our playbooks on it; return the run's id, what was said, the exit status."""
        run = new_run()
        given = {
            "ansible_host": NAME,
            "ansible_user": "root",
            "ansible_python_interpreter": "/usr/bin/python3",
            "ansible_ssh_common_args": f"-F {self.config}",
            # Each test process has a machine of this name.
            "ansible_control_path_dir": f"~/.ansible/cp/{self.lab.lab.estate}",
            "bastide_ssh_config": str(self.config),
            "bastide_way_in": f"root@{self.address}",
            "bastide_state": str(self.folder),
            "bastide_run": run,
            **variables,
        }
        inventory = self.folder / "inventory.yml"
        hosts = {"managed": {"hosts": {NAME: given}}}
        inventory.write_text(yaml.safe_dump({"all": {"children": hosts}}))
        done = ansible_playbook(
            playbook, "-i", inventory, *arguments, ANSIBLE_INVENTORY_ENABLED="yaml"
        )
        return run, " ".join((done.stdout + done.stderr).split()), done.returncode


@pytest.fixture(scope="module")
def machine(own_lab: OwnLab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnMachine]:
    """The machine, with a key of the test's."""
    folder, key = tmp_path_factory.mktemp("machine"), new_key_pair()
    made = machines.create(own_lab.lab, own_lab.machine(NAME, 20, f"{key.public} test"))
    (folder / "key").write_text(key.private)
    (folder / "key").chmod(0o600)
    (folder / "known_hosts").write_text(f"{made.address} {made.host_key}\n")
    own = OwnMachine(own_lab, made.address, folder)
    own.config.write_text(
        f"Host {NAME}\n  HostName {made.address}\n  User root\n  IdentityFile {folder}/key\n"
        f"  IdentitiesOnly yes\n  BatchMode yes\n  UserKnownHostsFile {folder}/known_hosts\n"
    )
    yield own
    machines.delete(own_lab.lab, NAME)
