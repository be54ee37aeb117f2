"""What is done with volumes: definitions, and who uses which."""

from collections.abc import Iterator

from lxml.builder import E

from infra.errors import failed
from infra.libvirt.documents import parse, words, write
from infra.libvirt.hypervisor import Hypervisor
from infra.libvirt.objects import Pool, StoredVolume

GIB = 1024**3
# Pools of files: a disk that lies on top of an image is a file that names another.
OF_FILES = frozenset({"dir", "fs", "netfs"})


def file_pool(host: Hypervisor, name: str) -> Pool:
    """Return a pool that keeps files; InfraError for any other."""
    pool = host.pool(name)
    kind = parse(pool.xml(), f"pool {name}").get("type")
    if kind not in OF_FILES:
        raise failed(
            f"pool {name} of {host.uri}",
            expected=f"a pool of type {', '.join(sorted(OF_FILES))}",
            found=f"type {kind}",
            advice="name another with `pool:`, or make one: virsh pool-define-as",
        )
    return pool


def definition(name: str, size: int, kind: str, backing: StoredVolume | None = None) -> str:
    """Return the XML of a new volume of a number of bytes; it takes room as it is written to."""
    target = E.target(E.format(type=kind))
    if kind == "qcow2":
        target.append(E.compat("1.1"))  # the default is the format of 2008
    root = E.volume(
        E.name(name),
        E.capacity(str(size), unit="bytes"),
        E.allocation("0", unit="bytes"),
        target,
    )
    if backing is not None:
        below = E.backingStore(E.path(backing.path), E.format(type=format_of(backing)))
        root.append(below)
    return write(root)


def format_of(volume: StoredVolume) -> str:
    """Return a volume's format, such as qcow2."""
    root = parse(volume.xml(), f"volume {volume.name}")
    found = root.find("target/format")
    return "raw" if found is None else str(found.get("type"))


def on_top_of(pool: Pool, volume: StoredVolume) -> Iterator[str]:
    """Yield the names of the pool's volumes that lie on top of one."""
    for other in pool.volumes():
        if words(parse(other.xml(), f"volume {other.name}"), "backingStore/path") == volume.path:
            yield other.name


def remove(pool: Pool, name: str) -> None:
    """Delete a volume of ours; no error when it is gone."""
    volume = pool.find(name)
    if volume is not None:
        volume.remove()
