"""How what is mounted now is mounted."""
# ruff: noqa: S101

import pytest

from monitors.audit.collect.backends import Host, UndeterminedError
from monitors.audit.facts.system import container, skip_in_container

# All that is mounted; of several mounts on one folder the last one counts.
MOUNTS = "findmnt -rn -o TARGET,FSTYPE,OPTIONS"
CLOSED = ("nodev", "nosuid", "noexec")
LOG_FOLDERS = ("/var/log", "/var/log/audit")


def test_mnt_01_tmp(host: Host) -> None:
    """Nothing starts from /tmp."""
    _closed(host, "/tmp")  # noqa: S108


def test_mnt_02_shared_memory(host: Host) -> None:
    """Nothing starts from /dev/shm."""
    _closed(host, "/dev/shm")  # noqa: S108


def test_mnt_03_var_tmp(host: Host) -> None:
    """Nothing starts from /var/tmp."""
    _closed(host, "/var/tmp")  # noqa: S108


def test_mnt_04_logs_apart(host: Host) -> None:
    """Logs fill a file system of their own, not the one that services write to."""
    kind, mounts = container(host), _mounts(host)
    skip_in_container(kind, "file systems")
    shared = [folder for folder in LOG_FOLDERS if folder not in mounts]
    assert not shared, f"not a file system of its own: {', '.join(shared)}"


def test_mnt_05_removable(host: Host) -> None:
    """What is plugged in or shared from elsewhere brings no devices and no borrowed rights."""
    mounts = _mounts(host)
    foreign = {
        point: options
        for point, (kind, options) in mounts.items()
        if kind in ("vfat", "exfat", "ntfs3", "fuseblk", "iso9660", "udf", "nfs", "nfs4", "cifs")
        and not point.startswith("/boot")
    }
    if not foreign:
        pytest.skip("no removable or network file system is mounted")
    loose = [
        f"{point} lacks {', '.join(missing)}"
        for point, options in sorted(foreign.items())
        if (missing := [o for o in ("nodev", "nosuid") if o not in options])
    ]
    assert not loose, "; ".join(loose)


def _mounts(host: Host) -> dict[str, tuple[str, list[str]]]:
    """Return the kind and the options of what is mounted, by mount point."""
    out = host.run(MOUNTS)
    if out.rc != 0 or not out.stdout:
        raise UndeterminedError(f"findmnt told no mounts: {out.stderr.strip()[:200]}")
    rows = [line.split(" ") for line in out.stdout.splitlines()]
    return {row[0]: (row[1], row[2].split(",")) for row in rows}


def _closed(host: Host, folder: str) -> None:
    mount = _mounts(host).get(folder)
    assert mount, f"{folder} is no mount of its own, so it has its whole disk's options"
    missing = [option for option in CLOSED if option not in mount[1]]
    assert not missing, f"{folder} is mounted without {', '.join(missing)}"
