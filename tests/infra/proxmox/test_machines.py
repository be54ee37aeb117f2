"""Machines on a stand-in for Proxmox, through the provider as Pulumi meets it."""

import threading
import time
from typing import Any

import pytest

from infra.driver.shape import Shape
from infra.guests.snapshots import KEPT
from infra.proxmox import machines
from infra.proxmox.options import EMPTY_DRIVE, HOST_KEY, IDENTITY, SEED_DRIVE
from infra.proxmox.specs import MachineSpec
from tests.infra.provider.plugin import Plugin
from tests.infra.proxmox.conftest import Site
from tests.infra.proxmox.stub import ROUTES, Vm

MACHINE = "bastide:proxmox:Machine"


def only(site: Site) -> Vm:
    (made,) = site.cluster.ours.values()
    return made


def test_half_of_one_that_a_crash_left_is_made_anew(plugin: Plugin, site: Site) -> None:
    plugin.create(MACHINE, site.inputs)
    half = only(site)
    half.config["description"] = half.config["description"].partition(HOST_KEY)[0]
    half.config["protection"] = 1
    assert plugin.read(MACHINE, site.inputs) == ("", {})
    assert plugin.create(MACHINE, site.inputs)[1]["running"]
    assert only(site) is not half


def test_one_that_something_is_done_with_is_waited_for(plugin: Plugin, site: Site) -> None:
    plugin.create(MACHINE, site.inputs)
    vm = only(site)
    vm.config["lock"] = "backup"
    threading.Timer(0.5, vm.config.pop, ("lock", None)).start()
    started = time.monotonic()
    plugin.update(MACHINE, site.inputs, site.inputs | {"cpus": 4})
    assert time.monotonic() - started > 0.4
    assert str(vm.config["cores"]) == "4"


def test_one_that_is_protected_is_not_deleted_and_says_how_to_lift_that(
    plugin: Plugin, site: Site
) -> None:
    inputs = site.inputs | {"protect": True}
    outputs = plugin.create(MACHINE, inputs)[1]
    with pytest.raises(Exception, match=r"machine: \{protect: false\} at the host"):
        plugin.delete(MACHINE, outputs)
    assert only(site).running
    lifted = plugin.update(MACHINE, outputs, inputs | {"protect": False})
    plugin.delete(MACHINE, lifted)
    assert site.cluster.ours == {}


def test_a_preview_makes_nothing(plugin: Plugin, site: Site) -> None:
    assert plugin.create(MACHINE, site.inputs, preview=True)[0] == ""
    assert site.cluster.calls == []


def test_it_is_a_clone_with_what_it_was_given(plugin: Plugin, site: Site) -> None:
    identity, outputs = plugin.create(MACHINE, site.inputs | {"disks": [50, 7]})
    config = only(site).config
    assert (identity, outputs["address"], outputs["vmid"]) == (
        "town/velgora-app",
        "10.9.1.10",
        100,
    )
    assert (config["cores"], config["memory"], config["onboot"]) == ("2", "1024", "1")
    assert config["net0"].endswith(",bridge=vmbr0,tag=70")
    assert "size=20G" in config["scsi0"]
    assert ("size=50G" in config["scsi1"], "size=7G" in config["scsi2"]) == (True, True)
    assert only(site).running


def test_proxmoxs_own_cloud_init_is_taken_away_and_ours_attached(
    plugin: Plugin, site: Site
) -> None:
    plugin.create(MACHINE, site.inputs)
    (seed,) = site.cluster.content
    assert only(site).config[SEED_DRIVE] == f"{seed},media=cdrom"
    assert not [value for value in only(site).config.values() if "cloudinit" in str(value)]


def test_an_image_is_imported_where_there_is_no_template(plugin: Plugin, site: Site) -> None:
    inputs = {key: value for key, value in site.inputs.items() if key != "template"}
    plugin.create(MACHINE, inputs | {"image": "local:import/debian.qcow2"})
    assert "size=20G" in only(site).config["scsi0"]
    assert only(site).config["boot"] == "order=scsi0"


def test_it_is_adopted_with_its_key_and_read_as_it_is(plugin: Plugin, site: Site) -> None:
    first = plugin.create(MACHINE, site.inputs)
    assert first[1]["hostKey"].startswith("ssh-ed25519 ")
    assert plugin.create(MACHINE, site.inputs) == first
    assert plugin.read(MACHINE, first[1]) == ("x", first[1])


def test_one_that_was_moved_to_another_node_is_found_there(plugin: Plugin, site: Site) -> None:
    outputs = plugin.create(MACHINE, site.inputs)[1]
    only(site).node = "pve2"
    assert plugin.read(MACHINE, outputs)[1]["vmid"] == outputs["vmid"]


def test_what_somebody_changed_by_hand_is_seen_and_put_back(plugin: Plugin, site: Site) -> None:
    outputs = plugin.create(MACHINE, site.inputs)[1]
    only(site).config |= {"memory": "512", "onboot": 0}
    only(site).running = False
    found = plugin.read(MACHINE, outputs)[1]
    assert list(plugin.diff(MACHINE, found, site.inputs).diffs) == [
        "autostart",
        "memoryMib",
        "running",
    ]
    plugin.update(MACHINE, found, site.inputs)
    assert (only(site).config["memory"], only(site).running) == ("1024", True)


CHANGES: dict[str, tuple[dict[str, Any], list[str], list[str]]] = {
    "nothing": ({}, [], []),
    "a larger disk": ({"diskGib": 80}, ["diskGib"], []),
    "another template": ({"template": 9001}, [], []),
    "another node": ({"node": "pve2"}, [], []),
    "another token": ({"tokenFile": "/elsewhere"}, ["tokenFile"], []),
    "another storage": ({"storage": "ceph"}, ["storage"], ["storage"]),
}


@pytest.mark.parametrize("case", CHANGES)
def test_what_a_change_means(plugin: Plugin, site: Site, case: str) -> None:
    change, diffs, replaces = CHANGES[case]
    answer = plugin.diff(MACHINE, site.inputs, site.inputs | change)
    assert (list(answer.diffs), list(answer.replaces)) == (diffs, replaces)


def test_disks_grow_and_come_along_without_a_new_machine(plugin: Plugin, site: Site) -> None:
    outputs = plugin.create(MACHINE, site.inputs | {"disks": [5]})[1]
    plugin.update(MACHINE, outputs, site.inputs | {"diskGib": 80, "disks": [9, 4]})
    config = only(site).config
    sizes = [config[disk].rpartition("=")[2] for disk in ("scsi0", "scsi1", "scsi2")]
    assert sizes == ["80G", "9G", "4G"]


SNAPSHOTS: dict[str, tuple[dict[str, Any], bool]] = {
    "more memory": ({"memoryMib": 2048}, False),
    "nothing": ({}, False),
    "a larger system disk": ({"diskGib": 80}, True),
    "a larger disk for data": ({"disks": [9]}, True),
    "another disk": ({"disks": [5, 4]}, True),
}


@pytest.mark.parametrize("case", SNAPSHOTS)
def test_it_is_kept_as_it_was_before_its_disks_change(
    plugin: Plugin, site: Site, case: str
) -> None:
    outputs = plugin.create(MACHINE, site.inputs | {"disks": [5]})[1]
    assert only(site).snapshots == []
    change, kept = SNAPSHOTS[case]
    plugin.update(MACHINE, outputs, site.inputs | {"disks": [5]} | change)
    assert bool(only(site).snapshots) is kept


def test_no_more_than_the_newest_are_kept_and_others_stay(plugin: Plugin, site: Site) -> None:
    outputs = plugin.create(MACHINE, site.inputs)[1]
    only(site).snapshots = ["before-the-update", "bastide-mine"]
    taken: list[str] = []
    for gib in range(30, 34):
        plugin.update(MACHINE, outputs, site.inputs | {"diskGib": gib})
        taken.append(only(site).snapshots[-1])
    assert only(site).snapshots == ["before-the-update", "bastide-mine", *taken[-KEPT:]]


def test_they_go_once_the_machine_has_answered_with_its_key(
    site: Site, plugin: Plugin, monkeypatch: pytest.MonkeyPatch
) -> None:
    plugin.create(MACHINE, site.inputs)
    only(site).snapshots = ["before-the-update"]
    spec = Shape(MachineSpec).read(site.inputs | {"diskGib": 80, "verify": True}).spec
    said: list[str] = []
    monkeypatch.setattr(machines, "wait_for_ssh", lambda *_: said.append("answered"))
    machines.ensure("town", spec, said.append)
    assert any(text.startswith("snapshot bastide-") for text in said)
    assert said[-1] == "answered"
    assert only(site).snapshots == ["before-the-update"]


def test_a_disk_that_would_not_grow_with_one_grows_without(plugin: Plugin, site: Site) -> None:
    outputs = plugin.create(MACHINE, site.inputs)[1]
    only(site).config["scsi0"] = "local:100/vm-100-disk-0.qcow2,size=20G"
    plugin.update(MACHINE, outputs, site.inputs | {"diskGib": 80})
    assert only(site).config["scsi0"].endswith("size=80G")


def test_a_storage_that_takes_none_is_no_hindrance(plugin: Plugin, site: Site) -> None:
    site.cluster.thick = True
    outputs = plugin.create(MACHINE, site.inputs)[1]
    plugin.update(MACHINE, outputs, site.inputs | {"diskGib": 80})
    assert (only(site).config["scsi0"][-3:], only(site).snapshots) == ("80G", [])


def test_one_that_fails_changes_no_disk(plugin: Plugin, site: Site) -> None:
    outputs = plugin.create(MACHINE, site.inputs)[1]
    site.cluster.fails = "VM 100 qmp command 'savevm-start' failed"
    with pytest.raises(Exception, match="savevm-start"):
        plugin.update(MACHINE, outputs, site.inputs | {"diskGib": 80})
    assert only(site).config["scsi0"].endswith("size=20G")


def test_deleting_it_takes_its_seed_and_twice_is_well(plugin: Plugin, site: Site) -> None:
    outputs = plugin.create(MACHINE, site.inputs)[1]
    plugin.delete(MACHINE, outputs)
    plugin.delete(MACHINE, outputs)
    assert (site.cluster.ours, site.cluster.content) == ({}, {})
    assert plugin.read(MACHINE, outputs) == ("", {})


def test_its_notes_say_what_it_is_known_by(plugin: Plugin, site: Site) -> None:
    outputs = plugin.create(MACHINE, site.inputs)[1]
    notes = only(site).config["description"]
    assert "velgora-app of the estate town" in notes
    assert f"{HOST_KEY}: {outputs['hostKey']}" in notes
    assert f"\n{IDENTITY}: " in notes


def test_many_at_once_get_a_number_each(plugin: Plugin, site: Site) -> None:
    names = [f"velgora-{number}" for number in range(6)]
    made: list[Any] = []
    work = [
        threading.Thread(
            target=lambda name=name: made.append(
                plugin.create(MACHINE, site.inputs | {"name": name})[1]["vmid"]
            )
        )
        for name in names
    ]
    for thread in work:
        thread.start()
    for thread in work:
        thread.join()
    assert len(set(made)) == 6
    assert {vm.name for vm in site.cluster.ours.values()} == {f"bastide-town-{n}" for n in names}


def test_every_call_of_the_stand_in_is_one_that_the_driver_makes(
    plugin: Plugin, site: Site
) -> None:
    outputs = plugin.create(MACHINE, site.inputs)[1]
    for gib in range(30, 30 + KEPT + 1):
        plugin.update(MACHINE, outputs, site.inputs | {"diskGib": gib})
    plugin.delete(MACHINE, plugin.read(MACHINE, outputs)[1])
    image = {key: value for key, value in site.inputs.items() if key != "template"}
    plugin.create(MACHINE, image | {"image": "local:import/debian.qcow2"})
    assert set(site.cluster.calls) == {f"{method} {path}" for method, path, _, _ in ROUTES}


def test_an_empty_drive_is_what_stays_of_the_seed() -> None:
    assert EMPTY_DRIVE == "none,media=cdrom"
