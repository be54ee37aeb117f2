"""Cloud images: uploaded once a hypervisor, held to their checksum, shared by machines' disks."""

import hashlib
from io import BufferedReader
from pathlib import Path

from infra.driver.kind import Progress, Values
from infra.errors import failed
from infra.guests.ownership import volume_name
from infra.libvirt.hypervisor import connect
from infra.libvirt.objects import Pool, StoredVolume
from infra.libvirt.pools import definition, file_pool, on_top_of, remove
from infra.libvirt.specs import ImageSpec

QCOW2_MAGIC = b"QFI\xfb"
DIGEST_LENGTH = 12
# An empty volume beside the image: it was uploaded whole. Volumes cannot be renamed.
COMPLETE = "complete"


def ensure(estate: str, spec: ImageSpec, progress: Progress) -> Values:
    """Upload the image unless it is there whole; half of one, left by a crash, is replaced."""
    pool = file_pool(connect(spec.uri), spec.pool)
    volume = _whole(pool, estate, spec)
    if volume is None:
        with _open(spec) as source:
            _require_checksum(source, spec)
            volume = _upload(pool, estate, spec, source, progress)
    return _outputs(volume)


def read(estate: str, spec: ImageSpec) -> Values | None:
    """Look whether the image is there whole."""
    volume = _whole(file_pool(connect(spec.uri), spec.pool), estate, spec)
    return None if volume is None else _outputs(volume)


def delete(estate: str, spec: ImageSpec) -> None:
    """Delete the image; it is kept while machines' disks lie on top of it.

    A newer image does not replace the disks of machines that are there.
    """
    pool = file_pool(connect(spec.uri), spec.pool)
    name = image_volume(estate, spec.name, spec.checksum)
    volume = pool.find(name)
    if volume is not None and any(on_top_of(pool, volume)):
        return
    remove(pool, _marker(estate, spec))
    remove(pool, name)


def image_volume(estate: str, name: str, checksum: str) -> str:
    """Return the name of an image's volume: another for each content."""
    digest = checksum.partition(":")[2][:DIGEST_LENGTH]
    return volume_name(estate, f"image-{name}-{digest}", "img")


def _marker(estate: str, spec: ImageSpec) -> str:
    return f"{image_volume(estate, spec.name, spec.checksum)}.{COMPLETE}"


def _whole(pool: Pool, estate: str, spec: ImageSpec) -> StoredVolume | None:
    if pool.find(_marker(estate, spec)) is None:
        return None
    return pool.find(image_volume(estate, spec.name, spec.checksum))


def _open(spec: ImageSpec) -> BufferedReader:
    try:
        return Path(spec.source).open("rb")
    except OSError as error:
        raise failed(
            f"image {spec.name}",
            expected=f"a cloud image at {spec.source} on this machine",
            found=str(error.strerror),
            advice="fetch one there, such as Debian's genericcloud image, and write its path and "
            "checksum at `image:`",
        ) from None


def _require_checksum(source: BufferedReader, spec: ImageSpec) -> None:
    algorithm, _, wanted = spec.checksum.partition(":")
    found = hashlib.file_digest(source, algorithm).hexdigest()
    if found != wanted:
        raise failed(
            f"image {spec.name} at {spec.source}",
            expected=spec.checksum,
            found=f"{algorithm}:{found}",
            advice="compare with what its maker publishes; fetch it again, or write the new one",
        )
    source.seek(0)


def _upload(
    pool: Pool, estate: str, spec: ImageSpec, source: BufferedReader, progress: Progress
) -> StoredVolume:
    name, length = image_volume(estate, spec.name, spec.checksum), Path(spec.source).stat().st_size
    half = pool.find(name)
    if half is not None:
        _require_unused(pool, half)
        half.remove()
    kind = "qcow2" if source.read(len(QCOW2_MAGIC)) == QCOW2_MAGIC else "raw"
    source.seek(0)
    progress(f"uploading {spec.source} ({length // 2**20} MiB) to {spec.uri}")
    volume = pool.create(definition(name, length, kind))
    pool.write(volume, source, length)
    if pool.find(_marker(estate, spec)) is None:
        pool.create(definition(_marker(estate, spec), 0, "raw"))
    return volume


def _require_unused(pool: Pool, volume: StoredVolume) -> None:
    users = sorted(on_top_of(pool, volume))
    if users:
        raise failed(
            f"image {volume.name} in pool {pool.name}",
            expected="no disk on top of it",
            found=", ".join(users),
            advice="remove their machines first: without it their disks are worthless",
        )


def _outputs(volume: StoredVolume) -> Values:
    return {"volume": volume.name, "path": volume.path}
