import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from infra import ssh_keyscan
from infra.errors import InfraError
from infra.lab import machine, networks, units
from infra.lab.commands import in_netns
from infra.lab.machine import Machine
from infra.ssh_keys import new_key_pair
from tests.infra.lab.own_lab import OwnLab
from tests.waiting import wait_until

pytestmark = pytest.mark.root


def mounts_in(folder: Path) -> list[str]:
    """Return what is mounted in a folder, as this process sees it."""
    return [line for line in Path("/proc/mounts").read_text().splitlines() if str(folder) in line]


@pytest.fixture(scope="module")
def host(own_lab: OwnLab) -> Machine:
    return machine.create(own_lab.lab, own_lab.machine("host", 10))


def test_what_is_not_there_is_named_with_what_is(own_lab: OwnLab, host: Machine) -> None:
    with pytest.raises(
        InfraError, match=r"machine ghost: expected one of: .*host.*no such machine"
    ):
        machine.start(own_lab.lab, "ghost")


def test_without_its_image_a_machine_is_not_started(own_lab: OwnLab, host: Machine) -> None:
    made = machine.create(own_lab.lab, own_lab.machine("orphan", 11))
    machine.stop(own_lab.lab, "orphan", graceful=False)
    record = own_lab.lab.machines / "orphan" / "machine.json"
    record.write_text(record.read_text().replace(str(made.image), "/nonexistent"))
    with pytest.raises(InfraError, match="base image /nonexistent, found nothing"):
        machine.start(own_lab.lab, "orphan")
    machine.delete(own_lab.lab, "orphan")


def test_another_host_key_at_its_address_is_refused(own_lab: OwnLab, host: Machine) -> None:
    record = own_lab.lab.machines / "host" / "machine.json"
    right = record.read_text()
    record.write_text(right.replace(host.host_key, new_key_pair().public))
    with pytest.raises(InfraError, match="expected the host key it was created with"):
        machine.start(own_lab.lab, "host")
    record.write_text(right)


def test_a_half_made_machine_is_removed_and_made_again(own_lab: OwnLab) -> None:
    half = own_lab.lab.machines / ".half.new-1234"
    (half / "upper/etc").mkdir(parents=True)
    assert machine.find(own_lab.lab, "half") is None
    made = machine.create(own_lab.lab, own_lab.machine("half", 12))
    assert ssh_keyscan.host_key(made.address) == made.host_key
    assert not half.exists()
    machine.delete(own_lab.lab, "half")


def test_making_it_twice_adopts_what_runs(own_lab: OwnLab, host: Machine) -> None:
    before = units.running(own_lab.lab, "host")
    assert machine.create(own_lab.lab, own_lab.machine("host", 10)) == host
    assert units.running(own_lab.lab, "host") == before


def test_with_another_address_it_is_another_machine(own_lab: OwnLab) -> None:
    first = machine.create(own_lab.lab, own_lab.machine("moved", 13))
    moved = machine.create(own_lab.lab, own_lab.machine("moved", 14))
    assert moved.host_key != first.host_key
    with pytest.raises(ssh_keyscan.NoAnswerError):
        ssh_keyscan.host_key(first.address, timeout=0.5)
    machine.delete(own_lab.lab, "moved")


@pytest.mark.parametrize("graceful", [True, False])
def test_a_stopped_machine_comes_back_with_its_disk(
    own_lab: OwnLab, host: Machine, graceful: bool
) -> None:
    upper = own_lab.lab.machines / "host" / "upper"
    machine.stop(own_lab.lab, "host", graceful=graceful)
    machine.stop(own_lab.lab, "host", graceful=graceful)
    assert not machine.running(own_lab.lab, "host")
    (upper / "root" / "kept").write_text("kept")
    machine.start(own_lab.lab, "host")
    machine.start(own_lab.lab, "host")
    assert ssh_keyscan.host_key(host.address) == host.host_key


def test_a_machine_that_died_is_noticed_and_made_to_run(own_lab: OwnLab, host: Machine) -> None:
    pid = units.running(own_lab.lab, "host")
    subprocess.run(["kill", "-KILL", str(pid)], check=True)
    assert wait_until(lambda: not machine.running(own_lab.lab, "host"))
    machine.create(own_lab.lab, own_lab.machine("host", 10))
    assert machine.running(own_lab.lab, "host")


def test_a_machine_cut_off_its_network_is_noticed(own_lab: OwnLab, host: Machine) -> None:
    networks.unplug(own_lab.lab, "host", host.interfaces)
    assert not machine.running(own_lab.lab, "host")
    machine.start(own_lab.lab, "host")
    assert machine.running(own_lab.lab, "host")


def test_who_may_log_in_changes_while_it_runs(own_lab: OwnLab, host: Machine) -> None:
    key = f"{new_key_pair().public} another"
    machine.create(own_lab.lab, own_lab.machine("host", 10, key))
    inside = own_lab.lab.machines / "host" / "upper/root/.ssh/authorized_keys"
    assert inside.read_text() == f"{key}\n"
    assert inside.stat().st_mode & 0o777 == 0o600


def test_only_an_edge_forwards(own_lab: OwnLab, host: Machine) -> None:
    edge = machine.create(own_lab.lab, replace(own_lab.machine("edge", 15), forward=True))
    value = ("cat", "/proc/sys/net/ipv4/ip_forward")
    forwarding = [
        in_netns(own_lab.lab.unit_namespace(n), *value).strip() for n in ("host", edge.name)
    ]
    assert forwarding == ["0", "1"]
    machine.delete(own_lab.lab, "edge")


def test_removing_it_leaves_nothing_and_is_safe_to_repeat(own_lab: OwnLab) -> None:
    machine.create(own_lab.lab, own_lab.machine("brief", 16))
    machine.delete(own_lab.lab, "brief")
    machine.delete(own_lab.lab, "brief")
    assert list(own_lab.lab.machines.glob("*brief*")) == []
    assert not Path(f"/run/netns/{own_lab.lab.unit_namespace('brief')}").exists()
    assert mounts_in(own_lab.lab.state) == []
