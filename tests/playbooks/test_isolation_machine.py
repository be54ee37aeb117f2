"""A real machine is isolated over SSH, started anew, and set free by the rollback of that run."""

import json
import socket
import tarfile
from collections.abc import Iterator

import pytest

from infra.lab import machine as machines
from tests.playbooks.own_machine import NAME, OwnMachine, machine

__all__ = ["machine"]
pytestmark = pytest.mark.root

RULES = "nft --stateless list ruleset"
# Beside them Python leaves what it has compiled of the program that reverts, in /usr/local/libexec.
FILES = "find /etc /root -printf '%p %m %u %l %y\\n' | sort"


def seen_from(machine: OwnMachine) -> str:
    """Return the address that we come from, as the machine sees us."""
    return machine.output("echo $SSH_CONNECTION").split()[0]


def begins(machine: OwnMachine, port: int) -> bool:
    """Whether the machine can begin a connection with us."""
    address = seen_from(machine)
    return machine.run(f"timeout 3 bash -c '</dev/tcp/{address}/{port}'").returncode == 0


@pytest.fixture
def port() -> Iterator[int]:
    """A port of ours that lets everybody in."""
    with socket.create_server(("", 0)) as server:
        yield server.getsockname()[1]


def test_it_is_cut_off_stays_so_and_is_set_free(machine: OwnMachine, port: int) -> None:
    responders = [f"{seen_from(machine)}/32"]
    before = {name: machine.output(name) for name in (RULES, FILES)}
    assert begins(machine, port)

    run, said, status = machine.play(
        *("isolate.yml", "--limit", NAME), bastide_management_networks=responders
    )

    assert status == 0, said
    folder = machine.folder / "incidents" / NAME / run
    manifest = json.loads((folder / "manifest.json").read_text())
    with tarfile.open(folder / "evidence.tar.gz") as tar:
        names = tar.getnames()
        sockets = tar.extractfile("sockets.txt")
        assert sockets is not None
        assert b"sshd" in sockets.read()
    assert [file["name"] for file in manifest["files"]] == names
    assert "policy drop" in machine.output("nft list table inet bastide_isolation")
    assert not begins(machine, port)

    again, said, status = machine.play(
        *("isolate.yml", "--limit", NAME), bastide_management_networks=responders
    )
    assert status == 0, said
    assert "changed=0" in said
    assert again not in machine.output("ls /var/lib/bastide/runs")

    machines.stop(machine.lab.lab, NAME)
    machines.start(machine.lab.lab, NAME)
    assert "policy drop" in machine.output("nft list table inet bastide_isolation")
    assert not begins(machine, port)

    _, said, status = machine.play("rollback.yml", "-e", f"rollback_run={run}")
    assert status == 0, said
    assert machine.output(RULES) == before[RULES]
    assert begins(machine, port)
    assert machine.output(FILES) == before[FILES]


def test_whoever_is_no_responder_is_refused_and_nothing_is_read(machine: OwnMachine) -> None:
    before = machine.output(RULES)
    run, said, status = machine.play(
        *("isolate.yml", "--limit", NAME), bastide_management_networks=["192.0.2.0/24"]
    )
    assert status == 2
    assert (
        f"{NAME} sees us come from {seen_from(machine)}, which is not among the responders" in said
    )
    assert machine.output(RULES) == before
    assert not (machine.folder / "incidents" / NAME / run).exists()


def test_a_way_in_that_is_cut_after_all_is_put_back_by_the_host(machine: OwnMachine) -> None:
    before = machine.output(RULES)
    _, said, status = machine.play(
        *("isolate.yml", "--limit", NAME),
        # Whoever runs it is let through by the question, and then not by the rules.
        *("-e", '{"isolation_is_here": true}'),
        bastide_management_networks=["192.0.2.0/24"],
        isolation_confirm_seconds=20,
    )
    assert status == 2
    assert "no new SSH connection to" in said
    assert machine.output(RULES) == before
