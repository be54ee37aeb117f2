"""Snapshots of a machine before its disks change: in its own disks, with its memory if it runs.

https://libvirt.org/formatsnapshot.html
"""

from lxml.builder import E

from infra.driver.kind import Progress
from infra.errors import InfraError
from infra.guests.snapshots import WHY, new_name, ours, surplus
from infra.libvirt.documents import write
from infra.libvirt.objects import Domain


def take(domain: Domain, name: str, progress: Progress) -> None:
    """Take one, with as many of the former ones as are kept; what cannot be taken is told.

    Growing a disk and attaching one loses nothing by itself: it goes on without a snapshot then.
    """
    taken = new_name()
    try:
        for former in surplus(domain.snapshots()):
            domain.forget_snapshot(former)
        domain.take_snapshot(write(E.domainsnapshot(E.name(taken), E.description(WHY))))
    except InfraError as error:
        progress(f"no snapshot of {name} before its disks change: {error}")
        return
    progress(f"snapshot {taken} of {name}, before its disks change")


def forget(domain: Domain) -> None:
    """Remove those that Bastide took: the change has succeeded."""
    for name in ours(domain.snapshots()):
        domain.forget_snapshot(name)
