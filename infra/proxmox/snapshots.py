"""Snapshots of a machine, before its disks change, where its storage can take them and grow."""

from collections.abc import Iterable

from infra.driver.kind import Progress
from infra.guests.snapshots import WHY, new_name, ours, surplus
from infra.proxmox.cluster import Machine
from infra.proxmox.options import Config


def take(
    machine: Machine, name: str, config: Config, growing: Iterable[str], progress: Progress
) -> None:
    """Take one, with as many of the former ones as are kept; what cannot be taken is told.

    Proxmox grows no disk of the format qcow2 that has a snapshot: such a machine goes without.
    """
    if any(".qcow2" in str(config[disk]) for disk in growing):
        progress(f"no snapshot of {name}: Proxmox grows no qcow2 disk that has one")
        return
    if not machine.can_be_kept():
        progress(f"no snapshot of {name}: its storage takes none")
        return
    taken = new_name()
    for former in surplus(machine.snapshots()):
        machine.forget_snapshot(former)
    machine.do("snapshot", "snapshot", snapname=taken, description=WHY)
    progress(f"snapshot {taken} of {name}, before its disks change")


def forget(machine: Machine) -> None:
    """Remove those that Bastide took: the change has succeeded."""
    for name in ours(machine.snapshots()):
        machine.forget_snapshot(name)
