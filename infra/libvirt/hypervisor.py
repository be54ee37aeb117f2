"""All that is asked of libvirt, with types: the only file that knows its objects.

https://libvirt.org/html/index.html
"""

import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO, Final

from infra.errors import failed
from infra.libvirt.binding import binding
from infra.libvirt.failures import told

# Programs that libvirt starts for a connection must not ask this terminal for passwords.
WITHOUT_TERMINAL = "no_tty=1"
CHUNK_BYTES = 256 * 1024

_connections: Final[dict[str, Any]] = {}
_locks: Final[defaultdict[str, threading.Lock]] = defaultdict(threading.Lock)


@dataclass(frozen=True, slots=True)
class Domain:
    """A machine that libvirt knows."""

    name: str
    uuid: str
    uri: str
    raw: Any

    def xml(self) -> str:
        """Return its definition, as it counts from the next start on."""
        with told(f"machine {self.name}", self.uri):
            return str(self.raw.XMLDesc(binding().VIR_DOMAIN_XML_INACTIVE))

    def running(self) -> bool:
        """Tell whether it runs."""
        with told(f"machine {self.name}", self.uri):
            return bool(self.raw.isActive())

    def start(self) -> None:
        """Start it unless it runs."""
        if not self.running():
            with told(f"start of machine {self.name}", self.uri):
                self.raw.create()

    def autostart(self) -> bool:
        """Tell whether it starts with its hypervisor."""
        with told(f"machine {self.name}", self.uri):
            return bool(self.raw.autostart())

    def set_autostart(self, on: bool) -> None:
        """Let it start with its hypervisor, or not."""
        with told(f"autostart of machine {self.name}", self.uri):
            self.raw.setAutostart(int(on))

    def eject(self, drive: str) -> None:
        """Take the medium out of a drive of the running machine; one that cannot keeps it."""
        virt = binding()
        try:
            self.raw.updateDeviceFlags(drive, virt.VIR_DOMAIN_AFFECT_LIVE)
        except virt.libvirtError:
            return  # its definition has no such drive any more: it ends with the next start

    def remove(self) -> None:
        """Cut its power and forget it, with what libvirt keeps of it beside its disks."""
        virt = binding()
        flags = virt.VIR_DOMAIN_UNDEFINE_MANAGED_SAVE | virt.VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA
        running = self.running()
        with told(f"removal of machine {self.name}", self.uri):
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
        with told(f"network {self.name}", self.uri):
            return str(self.raw.XMLDesc(0))

    def active(self) -> bool:
        """Tell whether it is up."""
        with told(f"network {self.name}", self.uri):
            return bool(self.raw.isActive())

    def start(self) -> None:
        """Bring it up, now and whenever the hypervisor starts."""
        active = self.active()
        with told(f"start of network {self.name}", self.uri):
            self.raw.setAutostart(1)
            if not active:
                self.raw.create()

    def remove(self) -> None:
        """Take it down and forget it."""
        active = self.active()
        with told(f"removal of network {self.name}", self.uri):
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
        with told(f"volume {self.name}", self.uri):
            return str(self.raw.XMLDesc(0))

    def grow(self, capacity: int) -> None:
        """Give it more bytes; what is on it stays."""
        with told(f"growth of volume {self.name}", self.uri):
            self.raw.resize(capacity)

    def remove(self) -> None:
        """Delete it with what is on it."""
        with told(f"removal of volume {self.name}", self.uri):
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
        with told(f"pool {self.name}", self.uri):
            return str(self.raw.XMLDesc(0))

    def find(self, name: str) -> StoredVolume | None:
        """Return the volume of that name, or None."""
        volume = _found(lambda: self.raw.storageVolLookupByName(name), "STORAGE_VOL", self.uri)
        return None if volume is None else self._stored(volume)

    def volumes(self) -> Iterator[StoredVolume]:
        """Yield all of its volumes."""
        with told(f"pool {self.name}", self.uri):
            found = self.raw.listAllVolumes(0)
        return (self._stored(volume) for volume in found)

    def create(self, xml: str) -> StoredVolume:
        """Make a volume."""
        with told(f"new volume in pool {self.name}", self.uri):
            volume = self.raw.createXML(xml, 0)
        return self._stored(volume)

    def write(self, volume: StoredVolume, source: BinaryIO, length: int) -> None:
        """Fill a volume; libvirt's own test hypervisor keeps no contents, and is not asked to."""
        if self.connection.getType() == "TEST":
            return
        with told(f"upload to volume {volume.name}", self.uri):
            stream = self.connection.newStream(0)
            volume.raw.upload(stream, 0, length, 0)
            stream.sendAll(lambda _stream, count, file: file.read(min(count, CHUNK_BYTES)), source)
            stream.finish()

    def _stored(self, volume: Any) -> StoredVolume:
        with told(f"pool {self.name}", self.uri):
            _kind, capacity, allocation = volume.info()
            return StoredVolume(
                volume.name(), volume.path(), capacity, allocation, self.uri, volume
            )


@dataclass(frozen=True, slots=True)
class Hypervisor:
    """A connection to a hypervisor."""

    uri: str
    raw: Any

    def capabilities(self) -> str:
        """Return what it can run, as libvirt's XML."""
        with told("capabilities", self.uri):
            return str(self.raw.getCapabilities())

    def find_domain(self, name: str) -> Domain | None:
        """Return the machine of that name, or None."""
        found = _found(lambda: self.raw.lookupByName(name), "DOMAIN", self.uri)
        return None if found is None else Domain(name, found.UUIDString(), self.uri, found)

    def define_domain(self, name: str, xml: str) -> Domain:
        """Make a machine known, or give it a new definition."""
        with told(f"definition of machine {name}", self.uri):
            made = self.raw.defineXML(xml)
            return Domain(name, made.UUIDString(), self.uri, made)

    def find_network(self, name: str) -> Network | None:
        """Return the network of that name, or None."""
        found = _found(lambda: self.raw.networkLookupByName(name), "NETWORK", self.uri)
        return None if found is None else Network(name, found.UUIDString(), self.uri, found)

    def define_network(self, name: str, xml: str) -> Network:
        """Make a network known."""
        with told(f"definition of network {name}", self.uri):
            made = self.raw.networkDefineXML(xml)
            return Network(name, made.UUIDString(), self.uri, made)

    def pool(self, name: str) -> Pool:
        """Return a pool with its present volumes; InfraError when it is not there or not active."""
        found = _found(lambda: self.raw.storagePoolLookupByName(name), "STORAGE_POOL", self.uri)
        with told(f"pool {name}", self.uri):
            if found is None or not found.isActive():
                there = sorted(pool.name() for pool in self.raw.listAllStoragePools(0))
                raise failed(
                    f"pool {name} of {self.uri}",
                    expected="a storage pool that is active",
                    found="one that is not" if found else f"none; there: {', '.join(there)}",
                    advice=f"virsh pool-start {name}" if found else "name one with `pool:`",
                )
            found.refresh(0)  # a killed libvirtd has forgotten what was being made
        return Pool(name, self.uri, self.raw, found)


def connect(uri: str) -> Hypervisor:
    """Return a connection, one a URI for all callers; InfraError when there is none to be had."""
    with _locks[uri]:
        open_ = _connections.get(uri)
        if open_ is None or not _alive(open_):
            with told(f"hypervisor {uri}", uri):
                open_ = binding().open(_without_terminal(uri))
            _connections[uri] = open_
    return Hypervisor(uri, open_)


def _alive(connection: Any) -> bool:
    try:
        return bool(connection.isAlive())
    except binding().libvirtError:
        return False


def _without_terminal(uri: str) -> str:
    if "+ssh:" not in uri or "no_tty" in uri:
        return uri
    return f"{uri}{'&' if '?' in uri else '?'}{WITHOUT_TERMINAL}"


def _found(look_up: Callable[[], Any], kind: str, uri: str) -> Any:
    """Return what is found, or None for libvirt's own error that says that nothing is there."""
    virt = binding()
    with told(f"look-up of a {kind.lower().replace('_', ' ')}", uri):
        try:
            return look_up()
        except virt.libvirtError as error:
            if error.get_error_code() != getattr(virt, f"VIR_ERR_NO_{kind}"):
                raise
    return None
