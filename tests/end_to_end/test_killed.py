"""`bastide up` killed while it provisions: run again it ends right, with nothing orphaned."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.lab import machine
from infra.lab.layout import Lab, lab_of
from inventory.paths import state_directory
from tests.command import BASTIDE, bastide, bastide_json, environment

pytestmark = pytest.mark.root

SMALL = Path(__file__).parent.parent / "cases" / "estates" / "small"
NAMESPACES = Path("/run/netns")
EXPECTED = {"central-ops", "hamlet-edge", "hamlet-server"}


@pytest.fixture
def small(own_state: Path) -> Iterator[Lab]:
    lab = lab_of("small", state_directory("small"))
    yield lab
    done = bastide("down", "--estate", str(SMALL), "--yes")
    assert done.returncode == 0, done.stderr
    shutil.rmtree(own_state, ignore_errors=True)


def kill_after(seconds: float) -> None:
    process = subprocess.Popen(
        [str(BASTIDE), "up", "--estate", str(SMALL)],
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    time.sleep(seconds)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def booted_machines() -> set[str]:
    """Return the machines of the estate whose systemd runs, from the kernel's own list."""
    machines = set()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            arguments = (folder / "cmdline").read_bytes().decode(errors="replace").split("\0")
        except OSError:
            continue
        machines |= {w for w in arguments if w.startswith("--machine=") and "small" in w}
    return machines


def namespaces() -> set[str]:
    return {path.name for path in NAMESPACES.glob("bst-small*")}


@pytest.mark.parametrize("seconds", [1.5, 3.0, 5.0])
def test_killed_in_the_middle_it_ends_right_when_run_again(seconds: float, small: Lab) -> None:
    kill_after(seconds)
    done = bastide("infra", "up", "--estate", str(SMALL))
    assert done.returncode == 0, done.stderr
    assert {name for name in machine.names(small) if machine.running(small, name)} >= EXPECTED
    assert len(booted_machines()) == len(EXPECTED)
    assert bastide_json("infra", "preview", "--estate", str(SMALL))["changes"].keys() == {"same"}
    assert bastide("infra", "destroy", "--estate", str(SMALL), "--yes").returncode == 0
    assert not booted_machines()
    assert not namespaces()


def test_down_after_a_kill_leaves_nothing(small: Lab) -> None:
    kill_after(4.0)
    done = bastide("down", "--estate", str(SMALL), "--yes")
    assert done.returncode == 0, done.stderr
    assert not booted_machines()
    assert not namespaces()
    links = subprocess.run(["ip", "-o", "link"], capture_output=True, text=True, check=True).stdout
    assert small.uplink not in links
    tables = subprocess.run(["nft", "list", "tables"], capture_output=True, text=True, check=True)
    assert small.table not in tables.stdout
    assert str(small.state) not in Path("/proc/mounts").read_text()
    assert not small.state.exists()
