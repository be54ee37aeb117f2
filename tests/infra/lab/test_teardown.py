import os
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from pathlib import Path

import pytest

from infra.errors import InfraError
from infra.lab import backbone, cgroups, machine, networks, units
from infra.lab.backbone import BackboneSpec, find_link
from infra.lab.commands import netns_path, run
from infra.lab.first_boot import MachineSpec
from infra.lab.layout import Lab, lab_of
from infra.lab.networks import Interface, NetworkSpec
from infra.lab.teardown import teardown
from tests.infra.lab.own_lab import KEY, OwnLab

pytestmark = pytest.mark.root

MACHINES = 100 if os.environ.get("BASTIDE_SOAK") else 5
PARALLEL = 10


@pytest.fixture
def doomed(own_lab: OwnLab, tmp_path: Path) -> Iterator[Lab]:
    """Another lab beside the first, with a machine that runs."""
    lab = lab_of(f"d{os.getpid()}", tmp_path / "doomed")
    whole = IPv4Network(f"10.{150 + os.getpid() % 50}.0.0/16")
    backbone.ensure(lab, BackboneSpec(whole, IPv4Network(f"{whole[254 * 256]}/30")))
    lan = NetworkSpec("central", IPv4Network(f"{whole[0]}/24"), gateway=IPv4Address(whole[1]))
    networks.ensure(lab, lan)
    nic = Interface("lan0", "central", IPv4Interface(f"{whole[10]}/24"), lan.gateway)
    machine.create(lab, MachineSpec("host", (nic,), (KEY,)))
    yield lab
    list(teardown(lab.estate, lab.state.parent))


def leftovers(lab: Lab) -> list[str]:
    """Return everything that the kernel or the disk still has of a lab."""
    leftovers = [str(path) for path in Path("/run/netns").glob(f"{lab.namespace}*")]
    leftovers += [str(p) for h in cgroups.hierarchies() for p in h.glob(f"bastide/{lab.estate}-*")]
    leftovers += [lab.uplink] if find_link(lab.uplink) else []
    leftovers += [lab.table] if lab.table in run("nft", "list", "tables") else []
    leftovers += [str(path) for path in (lab.runtime, lab.state.parent) if path.exists()]
    leftovers += [str(path) for path in Path("/run/systemd/nspawn").rglob(f"{lab.estate}-*")]
    return leftovers


def test_an_ordinary_user_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(InfraError, match="expected root"):
        list(teardown("nowhere", tmp_path))


def test_what_somebody_mounted_in_it_is_not_removed(doomed: Lab) -> None:
    inside = doomed.state / "inside"
    inside.mkdir()
    run("mount", "-t", "tmpfs", "tmpfs", str(inside))
    try:
        with pytest.raises(InfraError, match="nothing mounted in it"):
            list(teardown(doomed.estate, doomed.state.parent))
    finally:
        run("umount", str(inside))
    list(teardown(doomed.estate, doomed.state.parent))
    assert leftovers(doomed) == []


def test_all_of_a_lab_goes_and_nothing_of_another(doomed: Lab, own_lab: OwnLab) -> None:
    other = machine.create(own_lab.lab, own_lab.machine("neighbour", 40))
    list(teardown(doomed.estate, doomed.state.parent))
    list(teardown(doomed.estate, doomed.state.parent))
    assert leftovers(doomed) == []
    assert machine.running(own_lab.lab, other.name)
    machine.delete(own_lab.lab, other.name)


def test_what_a_crash_left_goes_too(doomed: Lab) -> None:
    (doomed.machines / ".half.new-1").mkdir()
    subprocess.run(["kill", "-KILL", str(units.running(doomed, "host"))], check=True)
    netns_path(f"{doomed.namespace}-stray").touch()
    list(teardown(doomed.estate, doomed.state.parent))
    assert leftovers(doomed) == []


def test_kept_state_does_not_speak_of_machines_that_are_gone(doomed: Lab) -> None:
    home = doomed.state.parent
    (home / "reports").mkdir()
    (home / "outputs.json").write_text("{}")
    list(teardown(doomed.estate, home, keep_state=True))
    assert [path.name for path in home.iterdir()] == ["reports"]


def test_many_machines_are_made_at_once_and_leave_nothing(own_lab: OwnLab, tmp_path: Path) -> None:
    """A hundred by `make soak`; the seconds are printed, and asserted nowhere."""
    lab = lab_of(f"h{os.getpid()}", tmp_path / "many")
    whole = IPv4Network(f"10.{200 + os.getpid() % 50}.0.0/16")
    lan = NetworkSpec("central", IPv4Network(f"{whole[0]}/24"), gateway=IPv4Address(whole[1]))
    names = [f"host{number}" for number in range(MACHINES)]

    def make(number: int) -> str:
        nic = Interface("lan0", "central", IPv4Interface(f"{whole[10 + number]}/24"), lan.gateway)
        return machine.create(lab, MachineSpec(names[number], (nic,), (KEY,), memory_mib=256)).name

    started = time.monotonic()
    try:
        backbone.ensure(lab, BackboneSpec(whole, IPv4Network(f"{whole[254 * 256]}/30")))
        networks.ensure(lab, lan)
        with ThreadPoolExecutor(PARALLEL) as pool:
            assert list(pool.map(make, range(MACHINES))) == names
        made = time.monotonic()
        assert all(machine.running(lab, name) for name in names)
    finally:
        list(teardown(lab.estate, lab.state.parent))
    ended = time.monotonic()
    seconds = f"{made - started:.1f} s to make, {ended - made:.1f} s to take away"
    print(f"{MACHINES} machines: {seconds}")  # noqa: T201
    assert leftovers(lab) == []
