"""Removes everything of one estate's lab, and nothing else, whatever state it is in."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from infra.errors import failed
from infra.lab import backbone, cgroups, device, machine, sysctls
from infra.lab.layout import Lab, lab_of

NAMESPACES = Path("/run/netns")
# What is kept of an estate must not name machines that are gone.
OBSOLETE = ("lab", "pulumi", "outputs.json", "ssh/known_hosts")


def teardown(
    estate_name: str, state: Path | None = None, *, keep_state: bool = False
) -> Iterator[str]:
    """Remove an estate's machines, devices, networks and processes, reporting each thing done.

    Idempotent. The estate's state folder goes too, unless it is kept: then only the disks and
    Pulumi's record of what no longer exists go. The base image and the package cache stay: other
    labs use them. InfraError when something would not go. Nothing happens until it is iterated.
    """
    _refuse_without_rights()
    lab = lab_of(estate_name, state)
    machines, devices = machine.names(lab), device.names(lab)
    for name in machines:
        machine.end(lab, name)
    cgroups.end(lab)
    yield f"{len(machines)} machines and {len(devices)} devices ended"
    remove_runtime(lab)
    yield "networks removed"
    home = lab.state.parent
    gone = [home / name for name in OBSOLETE] if keep_state else [home]
    for path in gone:
        _remove(path)
    yield f"removed: {', '.join(map(str, gone))}"


def remove_runtime(lab: Lab) -> None:
    """Remove all that lasts until the next boot: processes, namespaces, links, rules, records."""
    cgroups.end(lab)
    for namespace in _namespaces(lab):
        backbone.remove_netns(namespace)
    backbone.remove(lab)
    shutil.rmtree(lab.runtime, ignore_errors=True)
    sysctls.restore()


def _refuse_without_rights() -> None:
    if os.geteuid() != 0:
        raise failed(
            "this user",
            expected="root",
            found="an ordinary user",
            advice="run it as root: a lab is made of namespaces and mounts",
        )


def _namespaces(lab: Lab) -> tuple[str, ...]:
    """Return the namespaces of the estate's units: estate names have no hyphen."""
    return tuple(sorted(path.name for path in NAMESPACES.glob(f"{lab.namespace}-*")))


def _remove(path: Path) -> None:
    """Remove a file or folder unless something is mounted in it (then it is not all ours)."""
    mounts = Path("/proc/mounts").read_text(encoding="utf-8").splitlines()
    inside = [point for _, point, *_ in map(str.split, mounts) if point.startswith(f"{path}/")]
    if inside:
        raise failed(
            str(path),
            expected="nothing mounted in it",
            found=", ".join(inside),
            advice="unmount it and take the lab down again",
        )
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
