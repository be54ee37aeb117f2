"""One run of playbooks at a time: who comes second is told who runs, and begins nothing."""

import subprocess
import sys
from pathlib import Path

import pytest

from bastide.support.errors import CommandError
from bastide.support.run_lock import run_lock
from tests.waiting import wait_until

HOLDS = """
import subprocess, sys
from pathlib import Path
from bastide.support.run_lock import run_lock
with run_lock(Path(sys.argv[1])) as lock:
    child = subprocess.Popen(["sleep", "60"], pass_fds=(lock,))
    print(child.pid, flush=True)
    sys.stdin.read()
"""


def test_the_second_is_told_who_runs(tmp_path: Path) -> None:
    file = tmp_path / "run.lock"
    with (
        run_lock(file),
        pytest.raises(CommandError, match=r"process \d+, since 20") as raised,
        run_lock(file),
    ):
        pytest.fail("both hold it")
    assert "nothing was begun" in str(raised.value)
    with run_lock(file):
        pass


def test_of_a_long_command_process_and_time_are_named_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["bastide", "playbook", "run", "--limit", "velgora " * 100])
    file = tmp_path / "run.lock"
    with (
        run_lock(file),
        pytest.raises(CommandError, match=r"\[\.\.\.\]`, process \d+, since 20"),
        run_lock(file),
    ):
        pytest.fail("both hold it")


def test_a_command_that_was_killed_still_counts_while_its_work_goes_on(tmp_path: Path) -> None:
    file = tmp_path / "run.lock"
    command = [sys.executable, "-c", HOLDS, str(file)]
    holder = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert holder.stdout
    worker = int(holder.stdout.readline())
    try:
        holder.kill()
        holder.wait()
        with pytest.raises(CommandError, match=f"process {holder.pid}"), run_lock(file):
            pytest.fail("it is free while the work goes on")
    finally:
        subprocess.run(["kill", str(worker)], check=True)
    assert wait_until(lambda: is_free(file))


def is_free(file: Path) -> bool:
    try:
        with run_lock(file):
            return True
    except CommandError:
        return False
