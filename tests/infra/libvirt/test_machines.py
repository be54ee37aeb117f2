"""Machines on libvirt's test hypervisor, which keeps definitions and no contents."""

from pathlib import Path
from typing import Any

import pytest

from infra.driver.shape import Shape
from infra.errors import InfraError
from infra.guests.ownership import own_name
from infra.guests.snapshots import KEPT
from infra.libvirt import machines, snapshots
from infra.libvirt.hypervisor import connect
from infra.libvirt.machines import root_volume
from infra.libvirt.pools import GIB
from infra.libvirt.specs import MachineSpec
from infra.libvirt.volumes import data_volume
from tests.infra.libvirt.node import ESTATE, POOL, Left, machine, write_node
from tests.infra.provider.plugin import Plugin

MACHINE, VOLUME = "bastide:libvirt:Machine", "bastide:libvirt:Volume"
IMAGE = "debian.img"
ROOT = root_volume(ESTATE, "velgora-app")


@pytest.fixture
def uri(tmp_path: Path) -> str:
    return write_node(tmp_path, Left(IMAGE, capacity=2 * GIB))


def test_a_name_that_others_have_is_refused_and_theirs_is_left(
    plugin: Plugin, tmp_path: Path
) -> None:
    inputs = machine(write_node(tmp_path, Left(IMAGE), foreign="velgora-app"), IMAGE)
    with pytest.raises(Exception, match="one that others made"):
        plugin.create(MACHINE, inputs)
    plugin.delete(MACHINE, inputs)
    with pytest.raises(Exception, match="one that others made"):
        plugin.read(MACHINE, inputs)


def test_without_its_image_nothing_is_made(plugin: Plugin, tmp_path: Path) -> None:
    inputs = machine(write_node(tmp_path), IMAGE)
    with pytest.raises(Exception, match=r"its image debian\.img in pool default"):
        plugin.create(MACHINE, inputs)
    assert plugin.read(MACHINE, inputs) == ("", {})


def test_a_disk_with_data_whose_machine_is_gone_is_not_overwritten(
    plugin: Plugin, tmp_path: Path
) -> None:
    left = Left(ROOT, allocation=3 * GIB, backing=f"{POOL}/{IMAGE}")
    inputs = machine(write_node(tmp_path, Left(IMAGE), left), IMAGE)
    with pytest.raises(Exception, match="3072 MiB on it; look at what is on it"):
        plugin.create(MACHINE, inputs)


def test_a_disk_that_a_crash_left_before_the_first_start_is_made_anew(
    plugin: Plugin, tmp_path: Path
) -> None:
    left = Left(ROOT, capacity=GIB, allocation=196_608, backing=f"{POOL}/{IMAGE}")
    inputs = machine(write_node(tmp_path, Left(IMAGE), left), IMAGE)
    assert plugin.create(MACHINE, inputs)[1]["running"]


def test_a_preview_makes_nothing(plugin: Plugin, uri: str) -> None:
    identity, outputs = plugin.create(MACHINE, machine(uri, IMAGE), preview=True)
    assert (identity, outputs["name"]) == ("", "velgora-app")
    assert plugin.read(MACHINE, machine(uri, IMAGE)) == ("", {})


def test_it_is_made_with_a_host_key_of_its_own_and_adopted_with_it(
    plugin: Plugin, uri: str
) -> None:
    inputs = machine(uri, IMAGE)
    identity, outputs = plugin.create(MACHINE, inputs)
    assert (identity, outputs["address"]) == ("town/velgora-app", "10.9.1.10")
    assert outputs["hostKey"].startswith("ssh-ed25519 ")
    assert outputs["console"] == f"virsh -c {uri} console bastide-town-velgora-app"
    assert plugin.create(MACHINE, inputs) == (identity, outputs)
    assert plugin.read(MACHINE, outputs) == ("x", outputs)


CHANGES: dict[str, tuple[dict[str, Any], list[str], list[str]]] = {
    "nothing": ({}, [], []),
    "more memory": ({"memoryMib": 2048}, ["memoryMib"], []),
    "a disk": ({"disks": ["papers.qcow2"]}, ["disks"], []),
    "another image": ({"image": "newer.img"}, [], []),
    "other keys": ({"authorizedKeys": []}, [], []),
    "another address": (
        {"interfaces": [{"name": "lan0", "address": "10.9.1.11/24", "network": "default"}]},
        ["interfaces"],
        ["interfaces"],
    ),
    "another hypervisor": ({"uri": "qemu:///system"}, ["uri"], ["uri"]),
}


@pytest.mark.parametrize("case", CHANGES)
def test_what_a_change_means(plugin: Plugin, case: str) -> None:
    change, diffs, replaces = CHANGES[case]
    old = machine("test:///default", IMAGE)
    answer = plugin.diff(MACHINE, old, old | change)
    assert (list(answer.diffs), list(answer.replaces)) == (diffs, replaces)


def test_new_sizes_and_disks_keep_the_machine_and_its_key(plugin: Plugin, uri: str) -> None:
    outputs = plugin.create(MACHINE, machine(uri, IMAGE))[1]
    disk = {"estate": ESTATE, "name": "papers", "uri": uri, "pool": "default", "sizeGib": 5}
    plugin.create(VOLUME, disk)
    wanted = machine(uri, IMAGE, memoryMib=4096, cpus=4, disks=[data_volume(ESTATE, "papers")])
    updated = plugin.update(MACHINE, outputs, wanted)
    assert updated["hostKey"] == outputs["hostKey"]
    found = plugin.read(MACHINE, updated)[1]
    assert (found["cpus"], found["memoryMib"], found["running"]) == (4, 4096, True)


def spec_of(inputs: dict[str, Any]) -> MachineSpec:
    return Shape(MachineSpec).read(inputs).spec


def kept(uri: str) -> list[str]:
    """Return the snapshots of the machine; this process has the hypervisor for itself."""
    domain = connect(uri).find_domain(own_name(ESTATE, "velgora-app"))
    assert domain is not None
    return sorted(domain.snapshots())


SNAPSHOTS: dict[str, tuple[dict[str, Any], bool]] = {
    "nothing": ({}, False),
    "more memory": ({"memoryMib": 2048}, False),
    "another disk": ({"disks": ["papers.qcow2", "more.qcow2"]}, True),
    "a disk that is detached": ({"disks": []}, True),
}


@pytest.mark.parametrize("case", SNAPSHOTS)
def test_it_is_kept_as_it_was_before_its_disks_change(uri: str, case: str) -> None:
    change, is_kept = SNAPSHOTS[case]
    inputs = machine(uri, IMAGE, disks=["papers.qcow2"])
    machines.ensure(ESTATE, spec_of(inputs), print)
    assert kept(uri) == []
    machines.ensure(ESTATE, spec_of(inputs | change), print)
    assert bool(kept(uri)) is is_kept


def test_no_more_than_the_newest_are_kept_and_others_stay(uri: str) -> None:
    machines.ensure(ESTATE, spec_of(machine(uri, IMAGE)), print)
    domain = connect(uri).find_domain(own_name(ESTATE, "velgora-app"))
    assert domain is not None
    domain.take_snapshot("<domainsnapshot><name>before-the-update</name></domainsnapshot>")
    seen: set[str] = set()
    for number in range(4):
        disks = [f"papers-{number}.qcow2"]
        machines.ensure(ESTATE, spec_of(machine(uri, IMAGE, disks=disks)), print)
        seen |= set(kept(uri))
    *newest, theirs = kept(uri)
    assert theirs == "before-the-update"
    assert newest == sorted(seen - {theirs})[-KEPT:]


def test_they_go_once_the_machine_has_answered_with_its_key(
    uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    machines.ensure(ESTATE, spec_of(machine(uri, IMAGE)), print)
    during: list[list[str]] = []
    monkeypatch.setattr(machines, "wait_for_ssh", lambda *_: during.append(kept(uri)))
    changed = machine(uri, IMAGE, disks=["papers.qcow2"], verify=True)
    machines.ensure(ESTATE, spec_of(changed), print)
    assert [len(names) for names in during] == [1]
    assert kept(uri) == []


def test_they_stay_when_the_change_fails(uri: str) -> None:
    machines.ensure(ESTATE, spec_of(machine(uri, IMAGE)), print)
    with pytest.raises(InfraError, match="BlockResize"):  # the test hypervisor grows no disk
        machines.ensure(ESTATE, spec_of(machine(uri, IMAGE, diskGib=30)), print)
    assert len(kept(uri)) == 1


def test_one_that_cannot_be_taken_is_told_and_is_no_hindrance(
    uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    machines.ensure(ESTATE, spec_of(machine(uri, IMAGE)), print)
    monkeypatch.setattr(snapshots, "new_name", lambda: "taken")
    domain = connect(uri).find_domain(own_name(ESTATE, "velgora-app"))
    assert domain is not None
    domain.take_snapshot("<domainsnapshot><name>taken</name></domainsnapshot>")
    said: list[str] = []
    changed = machine(uri, IMAGE, disks=["papers.qcow2"])
    machines.ensure(ESTATE, spec_of(changed), said.append)
    assert "no snapshot of velgora-app" in said[0]
    assert kept(uri) == ["taken"]


def test_what_somebody_changed_by_hand_is_seen_and_put_back(plugin: Plugin, uri: str) -> None:
    outputs = plugin.create(MACHINE, machine(uri, IMAGE))[1]
    plugin.update(MACHINE, outputs, machine(uri, IMAGE, memoryMib=256, autostart=False))
    found = plugin.read(MACHINE, outputs)[1]
    assert list(plugin.diff(MACHINE, found, machine(uri, IMAGE)).diffs) == [
        "autostart",
        "memoryMib",
    ]
    plugin.update(MACHINE, found, machine(uri, IMAGE))
    assert plugin.read(MACHINE, outputs)[1]["memoryMib"] == 1024


def test_deleting_it_takes_its_own_disks_and_leaves_data(plugin: Plugin, uri: str) -> None:
    disk = {"estate": ESTATE, "name": "papers", "uri": uri, "pool": "default", "sizeGib": 5}
    kept = plugin.create(VOLUME, disk)[1]
    outputs = plugin.create(MACHINE, machine(uri, IMAGE, disks=[kept["volume"]]))[1]
    plugin.delete(MACHINE, outputs)
    plugin.delete(MACHINE, outputs)
    assert plugin.read(MACHINE, outputs) == ("", {})
    assert plugin.read(VOLUME, kept) == ("x", kept)
    # Nothing of the old one is in the way, and the new one has a key of its own.
    assert plugin.create(MACHINE, machine(uri, IMAGE))[1]["hostKey"] != outputs["hostKey"]


def test_one_that_does_not_answer_with_its_key_is_no_success(
    plugin: Plugin, uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from infra.guests import answer

    monkeypatch.setattr(answer, "ANSWER_SECONDS", 0.1)
    with pytest.raises(InfraError, match="look at its console"):
        answer.wait_for_ssh("velgora-app", "127.0.0.9", "ssh-ed25519 AAAA", "virsh console")
