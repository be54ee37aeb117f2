"""Machines: created with keys of their own, adopted after a crash, changed without being lost."""

from io import BytesIO

from infra.driver.kind import Progress, Values
from infra.errors import failed
from infra.guests.answer import wait_for_ssh
from infra.guests.cloud_init import documents
from infra.guests.guest import guest_of
from infra.guests.ownership import identity, own_name, taken, volume_name
from infra.guests.seed import seed_image
from infra.libvirt import definition, snapshots
from infra.libvirt.documents import write
from infra.libvirt.growth import grow
from infra.libvirt.hypervisor import Hypervisor, connect
from infra.libvirt.objects import Domain, Pool, StoredVolume
from infra.libvirt.pools import GIB, file_pool, remove
from infra.libvirt.pools import definition as volume_definition
from infra.libvirt.specs import MachineSpec
from infra.ssh_keys import KeyPair, new_key_pair

# A disk that lies on an image and was never started from takes less than this of its own.
NEVER_STARTED_BYTES = 4 * 2**20


def ensure(estate: str, spec: MachineSpec, progress: Progress) -> Values:
    """Make the machine, or bring the one that was made to what it should be; it runs then.

    New sizes and disks count from its next start on. InfraError when its name is taken by others,
    or when it does not answer with its host key.
    """
    host = connect(spec.uri)
    pool = file_pool(host, spec.pool)
    domain = _own(host, estate, spec)
    if domain is None:
        progress(f"making {spec.name} on {spec.uri}")
        domain = _create(host, pool, estate, spec)
    else:
        _change_disks(host, pool, domain, estate, spec, progress)
        domain = _define(host, pool, estate, spec, _host_key(domain, spec))
    domain.set_autostart(spec.autostart)
    domain.start()
    host_key = _host_key(domain, spec)
    if spec.verify:
        progress(f"waiting for {spec.name} at {spec.address}")
        wait_for_ssh(spec.name, spec.address, host_key, _console(estate, spec))
        _forget_seed(host, pool, estate, spec, host_key)
        snapshots.forget(domain)
    return _outputs(domain, estate, spec)


def read(estate: str, spec: MachineSpec) -> Values | None:
    """Look whether the machine is there, whether it runs, and what sizes it has."""
    domain = _own(connect(spec.uri), estate, spec)
    if domain is None:
        return None
    cpus, memory = definition.sizes(domain.xml(), spec.name)
    found = {"cpus": cpus, "memoryMib": memory, "autostart": domain.autostart()}
    return {**_outputs(domain, estate, spec), **found}


def delete(estate: str, spec: MachineSpec) -> None:
    """Remove the machine and its own disk; disks for data stay. One of others is left."""
    host = connect(spec.uri)
    domain = host.find_domain(own_name(estate, spec.name))
    if domain is not None:
        if domain.uuid != _identity(estate, spec):
            return
        domain.remove()
    pool = file_pool(host, spec.pool)
    remove(pool, _seed(estate, spec))
    remove(pool, root_volume(estate, spec.name))


def root_volume(estate: str, name: str) -> str:
    """Return the name of the volume that a machine starts from."""
    return volume_name(estate, f"{name}-root", "qcow2")


def _create(host: Hypervisor, pool: Pool, estate: str, spec: MachineSpec) -> Domain:
    """The definition comes last: with it, the machine is there whole."""
    pair = new_key_pair()
    _fresh_root(pool, estate, spec)
    _write_seed(pool, estate, spec, pair)
    return _define(host, pool, estate, spec, pair.public)


def _fresh_root(pool: Pool, estate: str, spec: MachineSpec) -> None:
    """Make the disk; one that was never started from is what a crash left, any other is data."""
    name = root_volume(estate, spec.name)
    left = pool.find(name)
    if left is not None and left.allocation > NEVER_STARTED_BYTES:
        raise failed(
            f"machine {spec.name} on {spec.uri}",
            expected="no disk of a machine that is not there",
            found=f"{name} in pool {pool.name}, with {left.allocation // 2**20} MiB on it",
            advice="look at what is on it; if it may go: virsh vol-delete "
            f"--pool {pool.name} {name}",
        )
    remove(pool, name)
    image = _image(pool, spec)
    size = max(spec.disk_gib * GIB, image.capacity)
    pool.create(volume_definition(name, size, "qcow2", image))


def _image(pool: Pool, spec: MachineSpec) -> StoredVolume:
    image = pool.find(spec.image)
    if image is None:
        raise failed(
            f"machine {spec.name}",
            expected=f"its image {spec.image} in pool {pool.name}",
            found="no such volume",
            advice="run `bastide infra up` again: it uploads the image first",
        )
    return image


def _write_seed(pool: Pool, estate: str, spec: MachineSpec, pair: KeyPair) -> None:
    image = seed_image(documents(guest_of(spec, estate, pair), pair))
    remove(pool, _seed(estate, spec))
    volume = pool.create(volume_definition(_seed(estate, spec), len(image), "raw"))
    pool.write(volume, BytesIO(image), len(image))


def _change_disks(
    host: Hypervisor,
    pool: Pool,
    domain: Domain,
    estate: str,
    spec: MachineSpec,
    progress: Progress,
) -> None:
    """Give the system's disk the room that it should have; what follows is the definition's.

    Before anything of its disks changes, the machine is kept as it is.
    """
    name = root_volume(estate, spec.name)
    root, size = pool.find(name), spec.disk_gib * GIB
    grows = root is not None and root.capacity < size
    if grows or definition.volumes(domain.xml(), spec.name) != (name, *spec.disks):
        snapshots.take(domain, spec.name, progress)
    if root is not None and grows:
        grow(host, root, size)


def _define(host: Hypervisor, pool: Pool, estate: str, spec: MachineSpec, host_key: str) -> Domain:
    seed = _seed(estate, spec) if pool.find(_seed(estate, spec)) else None
    root = root_volume(estate, spec.name)
    xml = definition.domain(estate, spec, host, root, seed, host_key)
    return host.define_domain(own_name(estate, spec.name), xml)


def _forget_seed(
    host: Hypervisor, pool: Pool, estate: str, spec: MachineSpec, host_key: str
) -> None:
    """Take the seed away: it holds the private host key, and has done its work."""
    if pool.find(_seed(estate, spec)) is None:
        return
    xml = definition.domain(estate, spec, host, root_volume(estate, spec.name), None, host_key)
    domain = host.define_domain(own_name(estate, spec.name), xml)
    domain.eject(write(definition.drive(spec, None)))
    remove(pool, _seed(estate, spec))


def _own(host: Hypervisor, estate: str, spec: MachineSpec) -> Domain | None:
    name = own_name(estate, spec.name)
    domain = host.find_domain(name)
    if domain is not None and domain.uuid != _identity(estate, spec):
        raise taken("machine", name, spec.uri, f"UUID {domain.uuid}")
    return domain


def _host_key(domain: Domain, spec: MachineSpec) -> str:
    key = definition.kept_host_key(domain.xml(), spec.name)
    if key is None:
        raise failed(
            f"machine {spec.name} on {spec.uri}",
            expected="the host key that it was created with, in its metadata",
            found="none: somebody has taken it out",
            advice=f"virsh edit {domain.name}, and put it back from the estate's outputs.json",
        )
    return key


def _outputs(domain: Domain, estate: str, spec: MachineSpec) -> Values:
    return {
        "address": spec.address,
        "hostKey": _host_key(domain, spec),
        "running": domain.running(),
        "console": _console(estate, spec),
    }


def _console(estate: str, spec: MachineSpec) -> str:
    return f"virsh -c {spec.uri} console {own_name(estate, spec.name)}"


def _identity(estate: str, spec: MachineSpec) -> str:
    return identity(estate, "machine", spec.name)


def _seed(estate: str, spec: MachineSpec) -> str:
    return volume_name(estate, f"{spec.name}-seed", "iso")
