"""Removes everything of one estate's lab, and nothing else, whatever state it is in."""

import shutil
from collections.abc import Callable
from pathlib import Path

from infra.lab import backbone, cgroups, machine
from infra.lab.place import Lab, lab_of
from infra.lab.problems import failed

NAMESPACES = Path("/run/netns")


def teardown(
    estate_name: str,
    state: Path | None = None,
    cache: Path | None = None,
    report: Callable[[str], None] = lambda _: None,
) -> None:
    """Remove an estate's machines, devices, networks and processes; idempotent.

    The base image and the package cache stay: other labs use them. LabError when something
    would not go.
    """
    lab = lab_of(estate_name, state, cache)
    report("ending processes")
    for name in machine.names(lab):
        machine.end(lab, name)
    cgroups.end(lab)
    report("removing networks")
    for namespace in _namespaces(lab):
        backbone.remove_netns(namespace)
    backbone.remove(lab)
    report("removing disks")
    _remove_disks(lab)
    shutil.rmtree(lab.runtime, ignore_errors=True)
    backbone.restore_forwarding()


def _namespaces(lab: Lab) -> tuple[str, ...]:
    """Return the namespaces of the estate's units: estate names have no hyphen."""
    return tuple(sorted(path.name for path in NAMESPACES.glob(f"{lab.namespace}-*")))


def _remove_disks(lab: Lab) -> None:
    """Remove the lab's folder unless something is mounted there (then it is not just disks)."""
    mounts = Path("/proc/mounts").read_text(encoding="utf-8").splitlines()
    inside = [point for _, point, *_ in map(str.split, mounts) if point.startswith(f"{lab.state}/")]
    if inside:
        raise failed(
            str(lab.state),
            expected="nothing mounted there",
            found=", ".join(inside),
            advice="unmount it and take the lab down again",
        )
    if lab.state.exists():
        shutil.rmtree(lab.state)
