"""A host that keeps nothing of ours is read over real SSH: with Python, with sh, or not at all."""

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from inventory.connections import Connection
from monitors.collection.agentless import fetch_agentless
from monitors.collection.bundle import Bundle, FetchFailure, unpack
from monitors.collection.collector import functions
from monitors.ssh.transport import Way
from tests.monitors.audit.collect.ssh_server import new_key
from tests.monitors.shell_server import Quirks, shell_server

NAME = "velgora-web"
WAY = Way(connect_seconds=3)


@contextmanager
def host(folder: Path, quirks: Quirks | None = None) -> Iterator[Connection]:
    key = new_key(folder / "key")
    with shell_server(folder, quirks or Quirks(), key) as server:
        yield Connection(
            NAME,
            "127.0.0.1",
            server.port,
            "itadmin",
            "passwordless",
            key=folder / "key",
            host_key=server.host_key_line,
        )


def fetch(connection: Connection, *commands: str, seconds: float = 20) -> bytes | FetchFailure:
    return fetch_agentless(connection, commands, lambda _: "pass", WAY, seconds)


def bundle(connection: Connection, *commands: str, seconds: float = 20) -> Bundle:
    packed = fetch(connection, *commands, seconds=seconds)
    assert isinstance(packed, bytes), packed
    return unpack(packed)


def problem(received: bytes | FetchFailure) -> str:
    assert isinstance(received, FetchFailure)
    assert received.problem.startswith(f"{NAME}: ")
    assert received.problem.isprintable()
    return received.problem


@pytest.fixture
def no_python(tmp_path: Path) -> Sequence[str]:
    """Return a login shell in whose PATH there is no Python, only what coreutils and sed bring."""
    tools = tmp_path / "tools"
    tools.mkdir()
    needed = "sh base64 head tr sed date timeout cat env echo printf yes sleep"
    for name in needed.split():
        (tools / name).symlink_to(str(shutil.which(name)))
    (tools / "sudo").symlink_to(tmp_path / "bin" / "sudo")
    return ("/usr/bin/env", f"PATH={tools}", "/bin/bash", "-c")


COMMANDS = (
    "echo out; echo err >&2; exit 3",
    """printf '%s' "quoted 'so' and \\"so\\"\"""",
    "cat",
    "true",
    "echo 'password: hunter2'; printf '\\303\\251\\000\\377'",
)


def outcomes(read: Bundle) -> list[tuple[str, int | None, str, str, bool]]:
    return [(r.command, r.rc, r.stdout, r.stderr, r.truncated) for r in read.recorded]


def test_the_answers_come_under_the_inventorys_name(tmp_path: Path) -> None:
    with host(tmp_path) as connection:
        read = bundle(connection, *COMMANDS)
    assert read.host == NAME != os.uname().nodename
    assert read.answers()[COMMANDS[0]].rc == 3
    assert read.answers()[COMMANDS[0]].stderr == "err\n"
    assert "hunter2" not in read.answers()[COMMANDS[4]].stdout


def test_plain_sh_gives_what_python_gives(tmp_path: Path, no_python: Sequence[str]) -> None:
    (tmp_path / "other").mkdir()
    with (
        host(tmp_path / "other") as python,
        host(tmp_path, Quirks(login_shell=tuple(no_python))) as shell,
    ):
        with_python, with_shell = bundle(python, *COMMANDS), bundle(shell, *COMMANDS)
    assert outcomes(with_shell) == outcomes(with_python)
    assert with_shell.commands_sha256 == with_python.commands_sha256
    assert abs(with_shell.clock - with_python.clock) < 10


def test_a_flood_and_a_command_that_hangs_cost_their_own_answers_in_sh_too(
    tmp_path: Path, no_python: Sequence[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with host(tmp_path, Quirks(login_shell=tuple(no_python))) as connection:
        read = bundle(connection, "yes", "sleep 20", "echo well", seconds=4)
    flood, hung, well = read.recorded
    assert hung.stderr.startswith("collector: ended, its time was up\n")
    assert (flood.rc, flood.truncated) == (None, True)
    assert (hung.rc, well.rc, well.stdout) == (None, 0, "well\n")


def test_a_host_with_neither_python_nor_base64_says_what_is_missing(
    tmp_path: Path, no_python: Sequence[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tools" / "base64").unlink()
    monkeypatch.setitem(functions().ENVIRONMENT, "PATH", str(tmp_path / "tools"))
    with host(tmp_path, Quirks(login_shell=tuple(no_python))) as connection:
        failure = problem(fetch(connection, "echo a"))
    assert "base64" in failure
    assert "python3" in failure


@pytest.mark.parametrize(
    ("quirks", "said"),
    [
        (Quirks(sudo_password="x"), "expected sudo without a password"),
        (Quirks(sudo_says="itadmin is not in the sudoers file"), "sudoers"),
        (Quirks(user="somebody"), "login refused"),
        (Quirks(dies=True), "cut off"),
        (Quirks(hangs=True), "timeout"),
    ],
)
def test_what_stops_a_reading_is_said(tmp_path: Path, quirks: Quirks, said: str) -> None:
    with host(tmp_path, quirks) as connection:
        assert said in problem(fetch(connection, "true", seconds=1.5))


def test_a_host_that_hangs_in_the_middle_still_answers_with_what_it_has(tmp_path: Path) -> None:
    with host(tmp_path) as connection:
        read = bundle(connection, "sleep 30", "echo well", seconds=10)
    assert [(r.rc, r.stdout) for r in read.recorded] == [(None, ""), (0, "well\n")]


def test_in_sh_what_is_left_when_the_time_is_up_is_not_started(
    tmp_path: Path, no_python: Sequence[str]
) -> None:
    with host(tmp_path, Quirks(login_shell=tuple(no_python))) as connection:
        read = bundle(connection, *(f"sleep {number}" for number in range(20, 24)), seconds=2)
    assert read.recorded[-1].rc is None
    assert read.answers()["sleep 23"].late == "not started, the 2 s for all were up"


def test_a_greeting_of_the_shell_is_no_part_of_the_bundle(tmp_path: Path) -> None:
    with host(tmp_path, Quirks(greeting="bastide-bundle 1 3 x\nWelcome\n")) as connection:
        assert bundle(connection, "echo a").answers()["echo a"].stdout == "a\n"


def test_this_machine_is_read_without_ssh() -> None:
    here = Connection(NAME, "127.0.0.1", local=True)
    assert bundle(here, "echo a").answers()["echo a"].stdout == "a\n"


def test_sudos_password_is_in_nothing_that_comes_back(tmp_path: Path) -> None:
    quirks = Quirks(sudo_password="hunter2 hunter2")
    with host(tmp_path, quirks) as connection:
        way = replace(connection, sudo="password", sudo_password="env:X")
        packed = fetch_agentless(way, ["env; cat"], lambda _: "hunter2 hunter2", WAY)
    assert isinstance(packed, bytes)
    assert "hunter2" not in str(unpack(packed))
