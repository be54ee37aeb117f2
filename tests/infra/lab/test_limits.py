"""A lab machine's limits hold: what it takes too much is its own loss, and nobody else's."""

from dataclasses import replace
from pathlib import Path

import pytest

from infra.errors import InfraError
from infra.lab import cgroups, machine, units
from infra.lab.cgroups import Limits
from infra.lab.commands import run
from infra.lab.machine import TASKS
from tests.infra.lab.own_lab import OwnLab

pytestmark = pytest.mark.root

NAME, MEMORY_MIB = "small", 192
# Files give way at the limit, so that the kernel ends nothing and no alert of a lab fires.
FILL = "dd if=/dev/zero of=/var/tmp/filling bs=1M count={mib} status=none; rm /var/tmp/filling"
FORKS = """
import os
hold, children = os.pipe()[0], []
try:
    for _ in range({tasks}):
        pid = os.fork()
        if not pid:
            os.read(hold, 1)
            os._exit(0)
        children.append(pid)
except BlockingIOError:
    print("no more")
finally:
    for pid in children:
        os.kill(pid, 9)
"""


@pytest.fixture(scope="module")
def small(own_lab: OwnLab) -> OwnLab:
    machine.create(own_lab.lab, replace(own_lab.machine(NAME, 41), memory_mib=MEMORY_MIB))
    return own_lab


def inside(own_lab: OwnLab, *command: str) -> str:
    """Run a command as a process of the machine, in its groups, with its files."""
    lab = own_lab.lab
    groups = " ".join(map(str, cgroups.groups(lab, NAME)))
    pid = units.running(lab, NAME)
    init = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0]
    enter = ("nsenter", f"--target={init}", "--mount", "--pid", "--root", "--wd")
    joined = 'for group in $1; do echo $$ > "$group/cgroup.procs" || exit 126; done; shift; '
    return run("sh", "-c", joined + 'exec "$@"', "sh", groups, *enter, *command)


def test_a_limit_that_nothing_can_hold_is_no_limit(
    own_lab: OwnLab, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "bastide").mkdir()
    monkeypatch.setattr(cgroups, "hierarchies", lambda: (tmp_path,))
    with pytest.raises(InfraError, match=r"expected a hierarchy with memory.max or memory.limit"):
        cgroups.limit(own_lab.lab, "any", Limits(64, 10))


def used_mib(own_lab: OwnLab, mib: int) -> float:
    """Return the most that the machine used while so much was written in it."""
    peaks = ("memory.peak", "memory.max_usage_in_bytes")
    inside(own_lab, "sh", "-c", FILL.format(mib=mib))
    found = [g / name for g in cgroups.groups(own_lab.lab, NAME) for name in peaks]
    return max(int(file.read_text()) for file in found if file.exists()) / 2**20


def test_it_uses_no_more_memory_than_it_has_and_goes_on(small: OwnLab) -> None:
    assert MEMORY_MIB / 2 < used_mib(small, MEMORY_MIB * 2) <= MEMORY_MIB
    assert machine.running(small.lab, NAME)


def test_a_machine_with_another_limit_is_the_same_machine(small: OwnLab) -> None:
    pid = units.running(small.lab, NAME)
    machine.create(small.lab, replace(small.machine(NAME, 41), memory_mib=MEMORY_MIB * 4))
    assert units.running(small.lab, NAME) == pid
    assert used_mib(small, MEMORY_MIB * 2) > MEMORY_MIB
    machine.stop(small.lab, NAME, graceful=False)
    machine.start(small.lab, NAME)
    assert MEMORY_MIB < used_mib(small, MEMORY_MIB * 2) <= MEMORY_MIB * 4


def test_a_program_that_forks_without_end_meets_the_machines_limit(small: OwnLab) -> None:
    machine.create(small.lab, replace(small.machine(NAME, 41), memory_mib=4096))
    assert "no more" in inside(small, "python3", "-c", FORKS.format(tasks=TASKS * 2))
    assert machine.running(small.lab, NAME)
