"""A cloud image of Debian 12: cloud-init, no keys, no address; built once and kept."""

import hashlib
import secrets
import shutil
from datetime import UTC, datetime
from pathlib import Path

from infra.lab.mirrors import debian_sources
from tests.strange_town.processes import run
from tests.virtual_machine.image import CACHE, FILES, MAX_AGE, bootstrap, install_grub, make_disk

PACKAGES = (
    "ca-certificates",
    "cloud-init",
    "dbus",
    "grub-pc",
    "iproute2",
    "kmod",
    "linux-image-cloud-amd64",
    "netplan.io",
    "openssh-server",
    "procps",
    "systemd-sysv",
    "udev",
)
# Another data source is not waited for.
SOURCES = "datasource_list: [NoCloud, None]\n"


def ensure() -> Path:
    """Return the disk of a current image, built first when there is none."""
    recipe = "\n".join((*map(str, debian_sources()), *PACKAGES, SOURCES))
    folder = CACHE / f"cloud-{hashlib.sha256(recipe.encode()).hexdigest()[:12]}"
    disk = folder / "disk.qcow2"
    if not disk.exists() or _age(disk) > MAX_AGE.total_seconds():
        shutil.rmtree(folder, ignore_errors=True)
        _build(folder)
    return disk


def _age(disk: Path) -> float:
    return datetime.now(UTC).timestamp() - disk.stat().st_mtime


def _build(folder: Path) -> None:
    """Make it aside and rename it: it is there whole or not at all."""
    work = CACHE / f".image-cloud-{secrets.token_hex(4)}"
    work.mkdir(mode=0o700, parents=True)
    try:
        bootstrap(work / "tree", PACKAGES)
        _settle(work / "tree")
        make_disk(work)
        install_grub(work)
        run("qemu-img", "convert", "-O", "qcow2", str(work / "disk.img"), str(work / "disk.qcow2"))
        (work / "disk.img").unlink()
        shutil.rmtree(work / "tree")
        work.replace(folder)
    except BaseException:
        shutil.rmtree(work, ignore_errors=True)
        raise


def _settle(tree: Path) -> None:
    for key in (tree / "etc/ssh").glob("ssh_host_*"):
        key.unlink()
    for name in ("etc/fstab", "etc/default/grub"):
        (tree / name).write_text(FILES[name], encoding="utf-8")
    (tree / "etc/machine-id").write_text("")
    (tree / "etc/cloud/cloud.cfg.d/90-sources.cfg").write_text(SOURCES)
