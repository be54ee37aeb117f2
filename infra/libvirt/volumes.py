"""Disks for data: made once, grown, never made anew over what is on them."""

from infra.driver.kind import Progress, Values
from infra.errors import failed
from infra.guests.ownership import volume_name
from infra.libvirt.growth import grow
from infra.libvirt.hypervisor import connect
from infra.libvirt.objects import StoredVolume
from infra.libvirt.pools import GIB, definition, file_pool, remove
from infra.libvirt.specs import VolumeSpec

FORMAT = "qcow2"


def data_volume(estate: str, name: str) -> str:
    """Return the name of a data disk's volume."""
    return volume_name(estate, name, FORMAT)


def ensure(estate: str, spec: VolumeSpec, _progress: Progress) -> Values:
    """Make the disk, or adopt and grow the one that is there; InfraError when it is larger."""
    host, name = connect(spec.uri), data_volume(estate, spec.name)
    pool = file_pool(host, spec.pool)
    wanted = spec.size_gib * GIB
    volume = pool.find(name)
    if volume is None:
        volume = pool.create(definition(name, wanted, FORMAT))
    elif volume.capacity > wanted:
        raise failed(
            f"volume {spec.name} on {spec.uri}",
            expected=f"at most {spec.size_gib} GiB",
            found=f"{volume.capacity / GIB:g} GiB",
            advice="write the size that it has: what is at its end would be lost",
        )
    elif volume.capacity < wanted:
        grow(host, volume, wanted)
    return _outputs(volume)


def read(estate: str, spec: VolumeSpec) -> Values | None:
    """Look whether the disk is there, and how large it is."""
    volume = file_pool(connect(spec.uri), spec.pool).find(data_volume(estate, spec.name))
    if volume is None:
        return None
    return {**_outputs(volume), "sizeGib": volume.capacity // GIB}


def delete(estate: str, spec: VolumeSpec) -> None:
    """Delete the disk with what is on it; one that is gone is well."""
    remove(file_pool(connect(spec.uri), spec.pool), data_volume(estate, spec.name))


def _outputs(volume: StoredVolume) -> Values:
    return {"volume": volume.name, "path": volume.path}
