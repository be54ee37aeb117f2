import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from infra import host_keys
from infra.errors import InfraError
from infra.lab import machine, networks, units
from infra.lab.commands import in_netns
from infra.lab.machine import Machine
from infra.ssh_keys import new_key_pair
from tests.infra.lab.conftest import Grounds, mounts_in, wait_until

pytestmark = pytest.mark.root


@pytest.fixture(scope="module")
def host(grounds: Grounds) -> Machine:
    return machine.create(grounds.lab, grounds.machine("host", 10))


def test_what_is_not_there_is_named_with_what_is(grounds: Grounds, host: Machine) -> None:
    with pytest.raises(
        InfraError, match=r"machine ghost: expected one of: .*host.*no such machine"
    ):
        machine.start(grounds.lab, "ghost")


def test_without_its_image_a_machine_is_not_started(grounds: Grounds, host: Machine) -> None:
    made = machine.create(grounds.lab, grounds.machine("orphan", 11))
    machine.stop(grounds.lab, "orphan", graceful=False)
    record = grounds.lab.machines / "orphan" / "machine.json"
    record.write_text(record.read_text().replace(str(made.image), "/nonexistent"))
    with pytest.raises(InfraError, match="base image /nonexistent, found nothing"):
        machine.start(grounds.lab, "orphan")
    machine.delete(grounds.lab, "orphan")


def test_another_host_key_at_its_address_is_refused(grounds: Grounds, host: Machine) -> None:
    record = grounds.lab.machines / "host" / "machine.json"
    right = record.read_text()
    record.write_text(right.replace(host.host_key, new_key_pair().public))
    with pytest.raises(InfraError, match="expected the host key it was born with"):
        machine.start(grounds.lab, "host")
    record.write_text(right)


def test_a_half_made_machine_is_removed_and_made_again(grounds: Grounds) -> None:
    half = grounds.lab.machines / ".half.new-1234"
    (half / "upper/etc").mkdir(parents=True)
    assert machine.find(grounds.lab, "half") is None
    made = machine.create(grounds.lab, grounds.machine("half", 12))
    assert host_keys.host_key(made.address) == made.host_key
    assert not half.exists()
    machine.delete(grounds.lab, "half")


def test_making_it_twice_adopts_what_runs(grounds: Grounds, host: Machine) -> None:
    before = units.running(grounds.lab, "host")
    assert machine.create(grounds.lab, grounds.machine("host", 10)) == host
    assert units.running(grounds.lab, "host") == before


def test_with_another_address_it_is_another_machine(grounds: Grounds) -> None:
    first = machine.create(grounds.lab, grounds.machine("moved", 13))
    moved = machine.create(grounds.lab, grounds.machine("moved", 14))
    assert moved.host_key != first.host_key
    with pytest.raises(host_keys.NoAnswerError):
        host_keys.host_key(first.address, timeout=0.5)
    machine.delete(grounds.lab, "moved")


@pytest.mark.parametrize("graceful", [True, False])
def test_a_stopped_machine_comes_back_with_its_disk(
    grounds: Grounds, host: Machine, graceful: bool
) -> None:
    upper = grounds.lab.machines / "host" / "upper"
    machine.stop(grounds.lab, "host", graceful=graceful)
    machine.stop(grounds.lab, "host", graceful=graceful)
    assert not machine.running(grounds.lab, "host")
    (upper / "root" / "kept").write_text("kept")
    machine.start(grounds.lab, "host")
    machine.start(grounds.lab, "host")
    assert host_keys.host_key(host.address) == host.host_key


def test_a_machine_that_died_is_noticed_and_made_to_run(grounds: Grounds, host: Machine) -> None:
    pid = units.running(grounds.lab, "host")
    subprocess.run(["kill", "-KILL", str(pid)], check=True)
    assert wait_until(lambda: not machine.running(grounds.lab, "host"))
    machine.create(grounds.lab, grounds.machine("host", 10))
    assert machine.running(grounds.lab, "host")


def test_a_machine_cut_off_its_network_is_noticed(grounds: Grounds, host: Machine) -> None:
    networks.unplug(grounds.lab, "host", host.interfaces)
    assert not machine.running(grounds.lab, "host")
    machine.start(grounds.lab, "host")
    assert machine.running(grounds.lab, "host")


def test_who_may_log_in_changes_while_it_runs(grounds: Grounds, host: Machine) -> None:
    key = f"{new_key_pair().public} another"
    machine.create(grounds.lab, grounds.machine("host", 10, key))
    inside = grounds.lab.machines / "host" / "upper/root/.ssh/authorized_keys"
    assert inside.read_text() == f"{key}\n"
    assert inside.stat().st_mode & 0o777 == 0o600


def test_only_an_edge_forwards(grounds: Grounds, host: Machine) -> None:
    edge = machine.create(grounds.lab, replace(grounds.machine("edge", 15), forward=True))
    value = ("cat", "/proc/sys/net/ipv4/ip_forward")
    found = [in_netns(grounds.lab.unit_namespace(n), *value).strip() for n in ("host", edge.name)]
    assert found == ["0", "1"]
    machine.delete(grounds.lab, "edge")


def test_removing_it_leaves_nothing_and_is_safe_to_repeat(grounds: Grounds) -> None:
    machine.create(grounds.lab, grounds.machine("brief", 16))
    machine.delete(grounds.lab, "brief")
    machine.delete(grounds.lab, "brief")
    assert list(grounds.lab.machines.glob("*brief*")) == []
    assert not Path(f"/run/netns/{grounds.lab.unit_namespace('brief')}").exists()
    assert mounts_in(grounds.lab.state) == []
