"""More room for a disk, whether a machine has it in use or not."""

from infra.libvirt.documents import parse
from infra.libvirt.hypervisor import Hypervisor
from infra.libvirt.objects import Domain, StoredVolume


def grow(host: Hypervisor, volume: StoredVolume, capacity: int) -> None:
    """Give a disk more bytes; the machine that runs with it is told, since it has its file open."""
    for domain in host.running_domains():
        target = _target(domain, volume)
        if target is not None:
            domain.grow(target, capacity)
            return
    volume.grow(capacity)


def _target(domain: Domain, volume: StoredVolume) -> str | None:
    """Return what a running machine calls a disk, such as vdb, or None."""
    for disk in parse(domain.live_xml(), f"machine {domain.name}").findall("devices/disk"):
        source, target = disk.find("source"), disk.find("target")
        if source is None or target is None:
            continue
        if volume.name == source.get("volume") or volume.path == source.get("file"):
            return str(target.get("dev"))
    return None
