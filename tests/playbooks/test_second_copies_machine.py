"""Two real targets: the second pulls over SSH what the first gives its key, and nothing else."""

import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra.lab import machine as machines
from infra.ssh_keys import new_key_pair
from tests.infra.lab.own_lab import OwnLab
from tests.playbooks.ansible import ansible_playbook

pytestmark = pytest.mark.root
FIRST, SECOND = "first", "second"
REPOSITORY = "/srv/backups/velgora-app/permits"
PLAY = """
- name: Make two targets
  hosts: vault
  gather_facts: false
  tasks:
    - name: Configure the backup target
      ansible.builtin.import_role:
        name: backup_target
"""


@dataclass(frozen=True)
class Targets:
    """The two machines, the state of whoever configures them, and what they are reached with."""

    addresses: dict[str, str]
    folder: Path
    estate: str

    def run(self, name: str, command: str) -> "subprocess.CompletedProcess[str]":
        words = ["ssh", "-F", str(self.folder / "ssh_config"), name, command]
        return subprocess.run(words, capture_output=True, text=True, check=False, timeout=120)

    def output(self, name: str, command: str) -> str:
        done = self.run(name, command)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def configure(self) -> str:
        """Make the second pull from the first."""
        client = {"name": "velgora-app", "municipality": "velgora", "plan": "permits"}
        sent = {**client, "pulled_from": "", "pulled_from_address": ""}
        pulled = {**client, "pulled_from": FIRST, "pulled_from_address": self.addresses[FIRST]}
        own: dict[str, dict[str, Any]] = {
            FIRST: {
                "bastide_backup_clients": [sent],
                "bastide_pulled_by": [{"vault": SECOND, "repositories": ["velgora-app/permits"]}],
            },
            SECOND: {"bastide_backup_clients": [pulled], "bastide_pulled_by": []},
        }
        return self.play(own)

    def play(self, own: dict[str, dict[str, Any]]) -> str:
        """Run the role on machines with their own variables; what Ansible said."""
        given = {
            "ansible_user": "root",
            "ansible_python_interpreter": "/usr/bin/python3",
            "ansible_ssh_common_args": f"-F {self.folder}/ssh_config",
            "ansible_control_path_dir": f"~/.ansible/cp/{self.estate}",
            "bastide_state": str(self.folder),
            "bastide_buckets": [],
            "bastide_witness": "",
        }
        inventory = self.folder / "inventory.yml"
        groups = {"vault": {"hosts": own, "vars": given}, "operations_watch": {}}
        inventory.write_text(yaml.safe_dump({"all": {"children": groups}}))
        (self.folder / "plays.yml").write_text(PLAY)
        done = ansible_playbook(
            self.folder / "plays.yml", "-i", inventory, ANSIBLE_INVENTORY_ENABLED="yaml"
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@contextmanager
def booted(own_lab: OwnLab, folder: Path, numbers: Mapping[str, int]) -> Iterator[Targets]:
    """Boot machines, each with its number in the lab's network, and let a play log in to them."""
    key, addresses, known = new_key_pair(), {}, []
    (folder / "key").write_text(key.private)
    (folder / "key").chmod(0o600)
    (folder / "ssh").mkdir()
    config = f"IdentityFile {folder}/key\nIdentitiesOnly yes\nBatchMode yes\nUser root\n"
    config += f"UserKnownHostsFile {folder}/ssh/known_hosts\n"
    for name, number in numbers.items():
        made = machines.create(own_lab.lab, own_lab.machine(name, number, f"{key.public} test"))
        addresses[name] = made.address
        known.append(f"{name},{made.address} {made.host_key}\n")
        config += f"Host {name}\n  HostName {made.address}\n"
    (folder / "ssh" / "known_hosts").write_text("".join(known))
    (folder / "ssh_config").write_text(config)
    yield Targets(addresses, folder, own_lab.lab.estate)
    for name in numbers:
        machines.delete(own_lab.lab, name)


@pytest.fixture(scope="module")
def targets(own_lab: OwnLab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Targets]:
    with booted(own_lab, tmp_path_factory.mktemp("targets"), {FIRST: 30, SECOND: 31}) as made:
        yield made


def test_the_second_pulls_and_its_key_does_nothing_else_at_the_first(targets: Targets) -> None:
    targets.configure()
    assert targets.configure().count("changed=0") == 2
    repository = targets.folder / "repository"
    environment = {**os.environ, "RESTIC_PASSWORD": "correct horse"}
    for words in (["init"], ["backup", "/etc/hostname"]):
        given = ["restic", "--no-cache", "--repo", str(repository), *words]
        subprocess.run(given, env=environment, check=True, capture_output=True)
    taken = f"tar -C {REPOSITORY} -x --no-same-owner && chown -R bastide-backup: {REPOSITORY}"
    packed = subprocess.run(
        ["tar", "-C", repository, "-c", "."], check=True, capture_output=True
    ).stdout
    subprocess.run(
        [
            "ssh",
            "-F",
            targets.folder / "ssh_config",
            FIRST,
            taken + f" && chmod -R g+rX {REPOSITORY}",
        ],
        input=packed,
        check=True,
    )

    done = targets.run(SECOND, "systemctl start bastide-vault-pull.service")
    assert done.returncode == 0, targets.output(SECOND, "journalctl -u bastide-vault-pull")
    listing = f"cd {REPOSITORY} && find . -type f | sort | xargs sha256sum"
    assert targets.output(SECOND, listing) == targets.output(FIRST, listing)
    assert targets.output(SECOND, f"stat -c '%U %G %a' {REPOSITORY}/config").split() == [
        *("bastide-pull", "bastide-backup", "640")
    ]
    # Drills read the second copy, too, and can write to neither.
    targets.output(SECOND, f"runuser -u bastide-drill -- tar -c -f /dev/null -C {REPOSITORY} .")
    for name in (FIRST, SECOND):
        assert targets.run(name, f"runuser -u bastide-drill -- touch {REPOSITORY}/x").returncode
        sshd = targets.output(name, "sshd -C user=bastide-pull,host=x,addr=192.0.2.1 -T").split(
            "\n"
        )
        assert {
            *("disableforwarding yes", "permittty no"),
            "authorizedkeysfile /etc/ssh/bastide_pull_keys",
        } <= set(sshd)
    timers = targets.output(SECOND, "systemctl is-active bastide-vault-pull.timer")
    assert timers == "active\n"

    pulling = (
        "runuser -u bastide-pull -- ssh -F none -i /etc/bastide/pull/key -o BatchMode=yes "
        "-o UserKnownHostsFile=/etc/bastide/pull/known_hosts "
        f"bastide-pull@{targets.addresses[FIRST]}"
    )
    refused = targets.run(SECOND, f"{pulling} cat /etc/shadow </dev/null")
    assert refused.returncode == 1
    assert refused.stdout == ""
    forwarded = targets.run(
        SECOND, f"{pulling} -N -o ExitOnForwardFailure=yes -R 9999:localhost:22"
    )
    assert forwarded.returncode != 0
    targets.output(FIRST, f"runuser -u bastide-pull -- test -r {REPOSITORY}/config")
    writing = f"runuser -u bastide-pull -- touch {REPOSITORY}/config"
    assert targets.run(FIRST, writing).returncode != 0
    served = f"runuser -u bastide-backup -- rm -f {REPOSITORY}/config"
    assert targets.run(SECOND, served).returncode != 0

    targets.output(FIRST, f"rm -rf {REPOSITORY}")
    assert targets.run(SECOND, "systemctl start bastide-vault-pull.service").returncode != 0
    assert "config" in targets.output(SECOND, f"ls {REPOSITORY}")
