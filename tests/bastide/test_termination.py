"""SIGTERM and SIGHUP to `bastide`: what it started ends in order, and the next run goes on."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from bastide.actions import runs
from bastide.support.estate import EstateContext
from tests.bastide.actions.test_host_check import audited
from tests.bastide.context import environment_of, new_context
from tests.bastide.estates import new_estate
from tests.command import BASTIDE, bastide, environment
from tests.monitors.scan.test_tcp import listening
from tests.monitors.shell_server import Quirks
from tests.waiting import wait_until

TERMINATED = 128 + signal.SIGTERM
HUNG_UP = 128 + signal.SIGHUP
SOON = 20.0
"""Seconds within which everything has ended; the host that hangs would take longer."""
PLAYBOOK = """\
- name: Change something, and hang
  hosts: localhost
  connection: local
  gather_facts: false
  tasks:
    - name: Change something
      ansible.builtin.command: "true"
    - name: Hang
      ansible.builtin.command: {command}
"""


def watched(folder: Path) -> EstateContext:
    """Return an estate none of whose hosts is logged in to."""
    context = new_context(folder, "127.88.0.")
    central = context.folder / "central.yml"
    central.write_text(central.read_text().replace("manage: full", "manage: watch"))
    return context


@contextmanager
def started(*arguments: str, **extra: str) -> Iterator["subprocess.Popen[str]"]:
    """Run `bastide …` in a session of its own, and leave nothing of it behind."""
    process = subprocess.Popen(
        [str(BASTIDE), *arguments],
        env=environment(**extra),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def descendants(pid: int) -> set[int]:
    """Return the processes below one, whatever session they are in."""
    parents = {}
    for file in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(file.parent.name)] = int(file.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
    found, new = set(), {pid}
    while new:
        new = {child for child, parent in parents.items() if parent in new}
        found |= new
    return found


def running(pids: set[int]) -> set[int]:
    """Return those of the processes that have not ended."""
    return {pid for pid in pids if Path(f"/proc/{pid}/exe").exists()}


def with_arguments(words: str) -> set[int]:
    """Return the processes of this machine with these arguments."""
    files = Path("/proc").glob("[0-9]*/cmdline")
    wanted = words.replace(" ", "\0").encode() + b"\0"
    return {int(file.parent.name) for file in files if _read(file) == wanted}


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:
        return b""


def end(
    process: "subprocess.Popen[str]", number: int = signal.SIGTERM, but: Collection[int] = ()
) -> tuple[int, str]:
    """Send a signal; return the status and what was said, when all `but` these has ended soon."""
    below = descendants(process.pid) - set(but)
    begun = time.monotonic()
    os.kill(process.pid, number)
    _, said = process.communicate(timeout=2 * SOON)
    assert wait_until(lambda: not running(below), 5), [
        _read(Path(f"/proc/{p}/cmdline")) for p in running(below)
    ]
    assert time.monotonic() - begun < SOON, said
    assert "Traceback" not in said
    return process.returncode, said


@pytest.mark.parametrize(
    ("number", "status", "mitogen"),
    [
        (signal.SIGTERM, TERMINATED, "1"),
        (signal.SIGTERM, TERMINATED, "0"),
        (signal.SIGHUP, HUNG_UP, "1"),
    ],
)
def test_a_playbook_ends_with_all_that_it_runs(
    tmp_path: Path, number: int, status: int, mitogen: str
) -> None:
    context = watched(tmp_path)
    (context.folder / "playbooks").mkdir()
    # A duration that no other process has.
    command = f"sleep {os.getpid()}.{number}{mitogen}"
    (context.folder / "playbooks" / "hang.yml").write_text(PLAYBOOK.format(command=command))
    variables = environment_of(context) | {"BASTIDE_MITOGEN": mitogen}
    with started("playbook", "run", "hang", **variables) as process:
        assert wait_until(lambda: bool(with_arguments(command)), 60), process.poll()
        # What a task has begun on a host is the host's, and is not cut in the middle.
        of_host = with_arguments(command)
        try:
            ended, said = end(process, number, but=of_host)
        finally:
            for pid in of_host:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
    assert ended == status
    assert f"{signal.Signals(number).name}: stopped; run the same command again" in said
    # What it had changed can be undone: it is listed.
    (run,) = runs.read(context.state)
    assert (run.playbooks, run.changed, run.ok) == (("hang",), {"localhost": 1}, False)


def test_an_audit_of_a_host_that_hangs_ends(tmp_path: Path) -> None:
    quirks = Quirks(hangs=True)
    with audited(tmp_path, quirks) as (estate, state):
        variables = {"BASTIDE_ESTATE": str(estate), "BASTIDE_STATE_HOME": str(state)}
        with started("audit", "run", "--host", "gradac-web", **variables) as process:
            assert wait_until(lambda: bool(quirks.logins), 30)
            assert end(process)[0] == TERMINATED
        quirks.hangs = False
        done = bastide("audit", "run", "--host", "gradac-web", "--json", **variables)
        assert done.returncode == 1, done.stderr
        assert json.loads(done.stdout)


def test_a_scan_ends(tmp_path: Path) -> None:
    estate = new_estate(tmp_path / "ours", network="127.0.0.")
    command = ("host", "scan", "127.0.0.0/24", "--estate", str(estate))
    with (
        listening("127.0.0.1", port=2222) as (_, came),  # it never greets
        started(*command, BASTIDE_STATE_HOME=str(tmp_path)) as process,
    ):
        assert wait_until(lambda: bool(came), 30)
        assert end(process)[0] == TERMINATED


def test_up_ends_while_it_looks_at_hosts(tmp_path: Path) -> None:
    quirks = Quirks(hangs=True)
    with audited(tmp_path, quirks) as (estate, state):
        variables = {"BASTIDE_ESTATE": str(estate), "BASTIDE_STATE_HOME": str(state)}
        with started("up", **variables) as process:
            assert wait_until(lambda: bool(quirks.logins), 30)
            assert end(process)[0] == TERMINATED


def test_up_ends_while_it_provisions_and_leaves_no_lock(tmp_path: Path) -> None:
    context = watched(tmp_path)
    variables = environment_of(context)
    with started("up", "--engine", "embedded", **variables) as process:
        # The engine's plugin and the program are processes of their own.
        assert wait_until(lambda: bool(descendants(process.pid)), 60)
        assert end(process)[0] == TERMINATED
    locks = context.state / "pulumi" / ".pulumi" / "locks"
    assert not [file for file in locks.rglob("*") if file.is_file()]
    done = bastide("infra", "up", "--engine", "embedded", **variables)
    assert done.returncode == 0, done.stderr
    assert "took over the lock" not in done.stderr


def test_what_is_ignored_from_the_start_stays_ignored(tmp_path: Path) -> None:
    """Under nohup a command outlives its terminal."""
    quirks = Quirks(hangs=True)
    with audited(tmp_path, quirks) as (estate, state):
        variables = {"BASTIDE_ESTATE": str(estate), "BASTIDE_STATE_HOME": str(state)}
        former = signal.signal(signal.SIGHUP, signal.SIG_IGN)
        try:
            with started("audit", "run", "--host", "gradac-web", **variables) as process:
                assert wait_until(lambda: bool(quirks.logins), 30)
                os.kill(process.pid, signal.SIGHUP)
                with pytest.raises(subprocess.TimeoutExpired):
                    process.wait(1)
                assert end(process)[0] == TERMINATED
        finally:
            signal.signal(signal.SIGHUP, former)
