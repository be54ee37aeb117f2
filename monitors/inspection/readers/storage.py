"""Mounted file systems, from the kernel's table and df(1)."""

import re

from monitors.inspection.model import Mount
from monitors.inspection.values import bounded, number

VIRTUAL = frozenset(
    (
        *("autofs", "bpf", "binfmt_misc", "cgroup", "cgroup2", "configfs", "debugfs", "devpts"),
        *("devtmpfs", "efivarfs", "fusectl", "hugetlbfs", "mqueue", "nsfs", "proc", "pstore"),
        *("ramfs", "rpc_pipefs", "securityfs", "sysfs", "tmpfs", "tracefs", "squashfs"),
        *("fuse.lxcfs", "fuse.gvfsd-fuse", "nfsd"),
    )
)
ESCAPE = re.compile(r"\\([0-7]{3})")


def read_mounts(mounts: str, disks: str) -> tuple[Mount, ...]:
    """Return the file systems that hold something; sizes where df knows them."""
    sizes = {r[6]: (number(r[2]), number(r[3])) for r in map(_df_row, disks.splitlines()) if r}
    rows = (line.split() for line in mounts.splitlines())
    kept = {
        row[1]: row
        for row in rows
        if len(row) >= 4 and row[2] not in VIRTUAL and not _of_a_container(row[1])
    }
    return bounded(
        Mount(
            path=_plain(path),
            device=_plain(row[0]),
            kind=row[2],
            read_only="ro" in row[3].split(","),
            size=sizes.get(_plain(path), (None, None))[0],
            used=sizes.get(_plain(path), (None, None))[1],
        )
        for path, row in kept.items()
    )


def _of_a_container(path: str) -> bool:
    return "/docker/" in path or "/containers/storage/" in path or path.startswith("/run/")


def _df_row(line: str) -> list[str]:
    row = line.split(None, 6)
    return row if len(row) == 7 else []


def _plain(path: str) -> str:
    """Return a path with the kernel's octal escapes (proc(5)) as characters."""
    return ESCAPE.sub(lambda match: chr(int(match[1], 8)), path)
