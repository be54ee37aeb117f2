"""Control groups: they say which processes belong to which machine, and end them together.

Each unit (machine, device, package cache) has a group of its own in every hierarchy, or two
systemds would both manage `/system.slice`. Works with cgroup v1, v2 and both (hybrid).
"""

import contextlib
import errno
import os
import signal
import time
from functools import cache
from pathlib import Path

from infra.errors import failed
from infra.lab.layout import Lab, key

KILL_SECONDS = 10.0
POLL_SECONDS = 0.02


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
