"""What libvirt keeps: machines, networks, pools and volumes, each with types.

https://libvirt.org/html/index.html; with hypervisor.py the only files that know its objects.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

from infra.libvirt.binding import binding
from infra.libvirt.failures import failures_explained

CHUNK_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class Domain:
    """A machine that libvirt knows."""

    name: str
    uuid: str
    uri: str
    raw: Any

    def xml(self) -> str:
        """Return its definition, as it counts from the next start on."""
        with failures_explained(f"machine {self.name}", self.uri):
            return str(self.raw.XMLDesc(binding().VIR_DOMAIN_XML_INACTIVE))

    def live_xml(self) -> str:
        """Return its definition as it runs."""
        with failures_explained(f"machine {self.name}", self.uri):
            return str(self.raw.XMLDesc(0))

    def grow(self, disk: str, capacity: int) -> None:
        """Give a disk of the running machine more bytes."""
        flags = binding().VIR_DOMAIN_BLOCK_RESIZE_BYTES
        with failures_explained(f"growth of {disk} of machine {self.name}", self.uri):
            self.raw.blockResize(disk, capacity, flags)

    def running(self) -> bool:
        """Tell whether it runs."""
        with failures_explained(f"machine {self.name}", self.uri):
            return bool(self.raw.isActive())

    def start(self) -> None:
        """Start it unless it runs."""
        if not self.running():
            with failures_explained(f"start of machine {self.name}", self.uri):
                self.raw.create()

    def autostart(self) -> bool:
        """Tell whether it starts with its hypervisor."""
        with failures_explained(f"machine {self.name}", self.uri):
            return bool(self.raw.autostart())

    def set_autostart(self, on: bool) -> None:
        """Let it start with its hypervisor, or not."""
        with failures_explained(f"autostart of machine {self.name}", self.uri):
            self.raw.setAutostart(int(on))

    def eject(self, drive: str) -> None:
        """Take the medium out of a drive of the running machine; one that cannot keeps it."""
        virt = binding()
        try:
            self.raw.updateDeviceFlags(drive, virt.VIR_DOMAIN_AFFECT_LIVE)
        except virt.libvirtError:
            return  # its definition has no such drive any more: it ends with the next start

    def snapshots(self) -> list[str]:
        """Return the names of its snapshots, others' as well."""
        with failures_explained(f"snapshots of machine {self.name}", self.uri):
            return list(self.raw.snapshotListNames(0))

    def take_snapshot(self, xml: str) -> None:
        """Keep its disks as they are now, and its memory if it runs: it stands still meanwhile."""
        with failures_explained(f"snapshot of machine {self.name}", self.uri):
            self.raw.snapshotCreateXML(xml, 0)

    def forget_snapshot(self, name: str) -> None:
        """Remove a snapshot; the machine stays as it is."""
        with failures_explained(f"snapshot {name} of machine {self.name}", self.uri):
            self.raw.snapshotLookupByName(name, 0).delete(0)

    def remove(self) -> None:
        """Cut its power and forget it, with what libvirt keeps of it beside its disks."""
        virt = binding()
        flags = virt.VIR_DOMAIN_UNDEFINE_MANAGED_SAVE | virt.VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA
        running = self.running()
        with failures_explained(f"removal of machine {self.name}", self.uri):
            if running:
                self.raw.destroy()
            self.raw.undefineFlags(flags)


@dataclass(frozen=True, slots=True)
class Network:
    """A network that libvirt knows."""

    name: str
    uuid: str
    uri: str
    raw: Any

    def xml(self) -> str:
        """Return its definition."""
        with failures_explained(f"network {self.name}", self.uri):
            return str(self.raw.XMLDesc(0))

    def active(self) -> bool:
        """Tell whether it is up."""
        with failures_explained(f"network {self.name}", self.uri):
            return bool(self.raw.isActive())

    def start(self) -> None:
        """Bring it up, now and whenever the hypervisor starts."""
        active = self.active()
        with failures_explained(f"start of network {self.name}", self.uri):
            self.raw.setAutostart(1)
            if not active:
                self.raw.create()

    def remove(self) -> None:
        """Take it down and forget it."""
        active = self.active()
        with failures_explained(f"removal of network {self.name}", self.uri):
            if active:
                self.raw.destroy()
            self.raw.undefine()


@dataclass(frozen=True, slots=True)
class StoredVolume:
    """A volume in a pool; sizes in bytes."""

    name: str
    path: str
    capacity: int
    allocation: int
    uri: str
    raw: Any

    def xml(self) -> str:
        """Return its definition."""
        with failures_explained(f"volume {self.name}", self.uri):
            return str(self.raw.XMLDesc(0))

    def grow(self, capacity: int) -> None:
        """Give it more bytes; what is on it stays."""
        with failures_explained(f"growth of volume {self.name}", self.uri):
            self.raw.resize(capacity)

    def remove(self) -> None:
        """Delete it with what is on it."""
        with failures_explained(f"removal of volume {self.name}", self.uri):
            self.raw.delete(0)


@dataclass(frozen=True, slots=True)
class Pool:
    """A storage pool that is there already."""

    name: str
    uri: str
    connection: Any
    raw: Any

    def xml(self) -> str:
        """Return its definition."""
        with failures_explained(f"pool {self.name}", self.uri):
            return str(self.raw.XMLDesc(0))

    def find(self, name: str) -> StoredVolume | None:
        """Return the volume of that name, or None."""
        volume = found(lambda: self.raw.storageVolLookupByName(name), "STORAGE_VOL", self.uri)
        return None if volume is None else self._stored(volume)

    def volumes(self) -> Iterator[StoredVolume]:
        """Yield all of its volumes."""
        with failures_explained(f"pool {self.name}", self.uri):
            found = self.raw.listAllVolumes(0)
        return (self._stored(volume) for volume in found)

    def create(self, xml: str) -> StoredVolume:
        """Make a volume."""
        with failures_explained(f"new volume in pool {self.name}", self.uri):
            volume = self.raw.createXML(xml, 0)
        return self._stored(volume)

    def write(self, volume: StoredVolume, source: BinaryIO, length: int) -> None:
        """Fill a volume; libvirt's own test hypervisor keeps no contents, and is not asked to."""
        if self.connection.getType() == "TEST":
            return
        with failures_explained(f"upload to volume {volume.name}", self.uri):
            stream = self.connection.newStream(0)
            volume.raw.upload(stream, 0, length, 0)
            stream.sendAll(lambda _stream, count, file: file.read(min(count, CHUNK_BYTES)), source)
            stream.finish()

    def _stored(self, volume: Any) -> StoredVolume:
        with failures_explained(f"pool {self.name}", self.uri):
            _kind, capacity, allocation = volume.info()
            return StoredVolume(
                volume.name(), volume.path(), capacity, allocation, self.uri, volume
            )


def found(look_up: Callable[[], Any], kind: str, uri: str) -> Any:
    """Return what is found, or None for libvirt's own error that says that nothing is there."""
    virt = binding()
    with failures_explained(f"look-up of a {kind.lower().replace('_', ' ')}", uri):
        try:
            return look_up()
        except virt.libvirtError as error:
            if error.get_error_code() != getattr(virt, f"VIR_ERR_NO_{kind}"):
                raise
    return None
