"""Control groups: they say which processes belong to which machine, and end them together.

Each unit (machine, device, package cache) has a group of its own in every hierarchy, or two
systemds would both manage `/system.slice`. Works with cgroup v1, v2 and both (hybrid).
"""

import contextlib
import errno
import os
import signal
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from infra.errors import failed
from infra.lab.layout import Lab, key

KILL_SECONDS = 10.0
POLL_SECONDS = 0.02
MIB = 2**20


@dataclass(frozen=True, slots=True)
class Limits:
    """How much memory a unit may use, page cache included, and how many processes and threads."""

    memory_mib: int
    tasks: int


@cache
def hierarchies() -> tuple[Path, ...]:
    """Return the mount points of the hierarchies used; the one that tracks processes first.

    cpuset is left out: a new v1 group has no processors until somebody gives it some.
    """
    mounts = [line.split() for line in Path("/proc/mounts").read_text().splitlines()]
    unified = [Path(point) for _, point, kind, *_ in mounts if kind == "cgroup2"]
    legacy = [
        Path(point)
        for _, point, kind, options, *_ in mounts
        if kind == "cgroup" and "cpuset" not in options.split(",")
    ]
    legacy.sort(key=lambda point: point.name != "systemd")
    return tuple(unified + legacy)


def groups(lab: Lab, unit: str = "") -> tuple[Path, ...]:
    """Return the unit's group in every hierarchy; the whole lab's without a unit."""
    if not hierarchies():
        raise failed(
            "control groups",
            expected="a cgroup or cgroup2 file system",
            found="none in /proc/mounts",
            advice="mount cgroup2 at /sys/fs/cgroup",
        )
    return tuple(top / "bastide" / f"{lab.estate}-{key(lab)}" / unit for top in hierarchies())


def ensure(lab: Lab, unit: str) -> tuple[Path, ...]:
    """Make the unit's groups and return them."""
    made = groups(lab, unit)
    for group in made:
        group.mkdir(parents=True, exist_ok=True)
    return made


def limit(lab: Lab, unit: str, limits: Limits) -> None:
    """Put limits in force for a unit whose groups are there, whatever runs in them.

    InfraError when no hierarchy of this machine can hold one: it would be a limit on paper.
    """
    _delegate(lab)
    for files, value in _settings(limits).items():
        found = [group / name for group in groups(lab, unit) for name in files]
        there = [file for file in found if file.exists()]
        for file in there:
            file.write_text(value)
        if not there:
            raise failed(
                f"control groups of {unit}",
                expected=f"a hierarchy with {' or '.join(files)}",
                found="none",
                advice="boot with the memory and pids controllers (cgroup_enable=memory)",
            )


def _settings(limits: Limits) -> Mapping[tuple[str, ...], str]:
    """Return what is written where, by the names of cgroup v2 and v1."""
    return {
        ("memory.max", "memory.limit_in_bytes"): str(limits.memory_mib * MIB),
        ("pids.max",): str(limits.tasks),
    }


def _delegate(lab: Lab) -> None:
    """Have cgroup v2 give our groups the two controllers; v1 has them in every group."""
    for group in groups(lab):
        for above in (group.parents[1], group.parent, group):
            with contextlib.suppress(OSError):  # not v2, or v1 has this controller
                for name in ("memory", "pids"):
                    (above / "cgroup.subtree_control").write_text(f"+{name}")


def processes(lab: Lab, unit: str = "") -> frozenset[int]:
    """Return the ids of the processes in the unit's group and below."""
    return _processes_under(groups(lab, unit)[0])


def _processes_under(group: Path) -> frozenset[int]:
    pids: set[int] = set()
    for folder, _, _ in os.walk(group):
        with contextlib.suppress(OSError):  # the group ended while we looked
            pids |= {int(pid) for pid in (Path(folder) / "cgroup.procs").read_text().split()}
    return frozenset(pids)


def end(lab: Lab, unit: str = "") -> None:
    """End every process of the unit at once and remove its groups; no error when there are none.

    InfraError when something survives SIGKILL.
    """
    deadline = time.monotonic() + KILL_SECONDS
    for group in groups(lab, unit):
        while pids := _processes_under(group):
            _kill(pids)
            if time.monotonic() > deadline:
                raise failed(
                    f"processes of {unit or lab.estate}",
                    expected=f"an end within {KILL_SECONDS:g} s of SIGKILL",
                    found=f"still there: {sorted(pids)}",
                    advice="look at them with `ps`; they may wait for a disk",
                )
            time.sleep(POLL_SECONDS)
    for group in groups(lab, unit):
        _remove(group, deadline)
        if not unit:
            with contextlib.suppress(OSError):  # another lab's groups are in it
                group.parent.rmdir()


def _kill(pids: frozenset[int]) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _remove(group: Path, deadline: float) -> None:
    """Remove a group and those below it; the kernel may need a moment to let go of them."""
    for folder, _, _ in os.walk(group, topdown=False):
        while True:
            try:
                Path(folder).rmdir()
            except FileNotFoundError:
                break
            except OSError as error:
                if error.errno != errno.EBUSY or time.monotonic() > deadline:
                    raise
                time.sleep(POLL_SECONDS)
            else:
                break
