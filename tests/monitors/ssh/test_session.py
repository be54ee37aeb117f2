"""The way into a host, over real SSH on loopback: every failure a value that says what to do."""

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import paramiko
import pytest

from inventory.connections import Connection
from inventory.secrets import SecretError
from monitors.ssh.failures import Kind, SshFailure
from monitors.ssh.host_keys import fingerprint
from monitors.ssh.remote_command import Limits, Ran
from monitors.ssh.session import Session, connect, proved_host_key
from monitors.ssh.transport import Way
from tests.bastide.estates import HOST_KEY
from tests.loopback import free_port
from tests.monitors.audit.collect.ssh_server import new_key
from tests.monitors.shell_server import Quirks, Server, shell_server

WAY = Way(connect_seconds=3)
SHORT = Limits(seconds=5)
PASSWORD = "korrekt pferd"


def no_secret(reference: str) -> str:
    raise SecretError(f"{reference}: not there")


@contextmanager
def host(folder: Path, quirks: Quirks | None = None) -> Iterator[tuple[Server, Connection]]:
    """Run one server and yield the right way in to it."""
    key = new_key(folder / "key")
    with shell_server(folder, quirks or Quirks(), key) as server:
        yield server, way_in(server, folder / "key")


def way_in(server: Server, key: Path, name: str = "velgora-web") -> Connection:
    return Connection(
        name=name,
        address="127.0.0.1",
        port=server.port,
        user="itadmin",
        sudo="passwordless",
        key=key,
        host_key=server.host_key_line,
    )


def run(
    connection: Connection,
    command: str = "echo hello",
    stdin: bytes = b"",
    limits: Limits = SHORT,
    root: bool = True,
) -> Ran | SshFailure:
    session = connect(connection, lambda _: PASSWORD, WAY)
    if isinstance(session, SshFailure):
        return session
    with session:
        return session.run(command, stdin, limits, root=root)


def failure(result: object, kind: Kind) -> SshFailure:
    assert isinstance(result, SshFailure), result
    assert result.kind is kind, result
    assert result.problem.isprintable()
    return result


def test_a_command_gives_its_status_and_both_outputs(tmp_path: Path) -> None:
    with host(tmp_path) as (server, connection):
        result = run(connection, "cat; echo oops >&2; exit 7", b"line\n\0\xff")
        assert result == Ran(7, b"line\n\0\xff", b"oops\n")
        assert "sh -c" in server.sudo_log


@pytest.mark.parametrize("quirks", [Quirks(), Quirks(sudo_password=PASSWORD)])
def test_what_shell_and_sudo_print_is_not_the_commands_output(
    tmp_path: Path, quirks: Quirks
) -> None:
    quirks.greeting = "Welcome to VELGORA\n\x1b[1mstarted-x\n"
    quirks.sudo_says, quirks.sudo_lectures = "We trust you have received", True
    with host(tmp_path, quirks) as (_, connection):
        way = replace(connection, sudo="password", sudo_password="env:X")
        result = run(way if quirks.sudo_password else connection, "cat; echo e >&2", b"in")
    assert result == Ran(0, b"in", b"e\n")


def test_what_a_command_says_is_told_as_it_comes_and_nothing_else(tmp_path: Path) -> None:
    pieces: list[tuple[float, bytes]] = []
    command = "echo one >&2; echo out; sleep 1; echo two >&2"
    quirks = Quirks(greeting="Welcome\n", sudo_says="We trust you", sudo_lectures=True)
    with host(tmp_path, quirks) as (_, connection):
        session = connect(connection, no_secret, WAY)
        assert isinstance(session, Session)
        with session:
            session.run(command, told=lambda data: pieces.append((time.monotonic(), data)))
    assert b"".join(data for _, data in pieces) == b"one\ntwo\n"
    assert pieces[-1][0] - pieces[0][0] > 0.5


@pytest.mark.parametrize("shell", ["/bin/sh", "/bin/bash", "/bin/dash"])
def test_quotes_and_newlines_reach_the_command_as_they_are(tmp_path: Path, shell: str) -> None:
    with host(tmp_path, Quirks(login_shell=(shell, "-c"))) as (_, connection):
        result = run(connection, """printf '%s|' "a'b" 'c"d' '$HOME' 'é\n!'""")
    assert isinstance(result, Ran)
    assert result.stdout == """a'b|c"d|$HOME|é\n!|""".encode()


def test_one_session_runs_several_commands(tmp_path: Path) -> None:
    with host(tmp_path) as (_, connection):
        session = connect(connection, no_secret, WAY)
        assert isinstance(session, Session)
        with session:
            assert [session.run(f"echo {n}") for n in range(3)] == [
                Ran(0, f"{n}\n".encode(), b"") for n in range(3)
            ]


def test_much_input_and_much_output_at_once_do_not_wait_for_each_other(tmp_path: Path) -> None:
    data = os.urandom(5_000_000)
    with host(tmp_path) as (_, connection):
        result = run(connection, "cat", data, Limits(20, stdout=6_000_000))
    assert isinstance(result, Ran)
    assert result.stdout == data


def test_output_beyond_the_limit_is_cut_and_said_to_be(tmp_path: Path) -> None:
    with host(tmp_path) as (_, connection):
        result = run(connection, "yes", limits=Limits(5, stdout=10_000))
    assert isinstance(result, Ran)
    assert (len(result.stdout), result.truncated, result.status) == (10_000, True, None)


def test_what_a_host_answered_stands_when_its_channel_cannot_be_closed(tmp_path: Path) -> None:
    with host(tmp_path) as (_, connection):
        session = connect(connection, no_secret, WAY)
        assert isinstance(session, Session)
        with session:
            process = session.start("echo answer; sleep 30")
            while process.read(1) == (b"", b""):
                pass
            session._transports[-1].sock.shutdown(socket.SHUT_WR)
            process.stop()


def test_a_command_that_hangs_ends_with_the_time(tmp_path: Path) -> None:
    started = time.monotonic()
    with host(tmp_path) as (_, connection):
        result = run(connection, "echo first; sleep 30", limits=Limits(seconds=1))
    assert result == Ran(None, b"first\n", b"", truncated=True)
    assert time.monotonic() - started < 4


def test_a_command_ended_by_a_signal_has_no_status(tmp_path: Path) -> None:
    with host(tmp_path) as (_, connection):
        assert run(connection, "kill -9 $$") == Ran(None, b"", b"")


# Host keys


def test_an_undeclared_host_key_is_shown_and_not_trusted(tmp_path: Path) -> None:
    quirks = Quirks()
    with host(tmp_path, quirks) as (server, connection):
        result = failure(run(replace(connection, host_key=None)), Kind.HOST_KEY_UNKNOWN)
    assert result.shown_key == server.host_key_line
    assert server.host_key.fingerprint in result.problem
    assert quirks.logins == []


@pytest.mark.parametrize("other", ["ecdsa", "ed25519"])
def test_a_changed_host_key_names_both_and_no_login_is_tried(tmp_path: Path, other: str) -> None:
    quirks = Quirks()
    ecdsa = paramiko.ECDSAKey.generate()
    declared = ecdsa if other == "ecdsa" else new_key(tmp_path / "other")
    with host(tmp_path, quirks) as (server, connection):
        line = f"{declared.get_name()} {declared.get_base64()} comment"
        result = failure(run(replace(connection, host_key=line)), Kind.HOST_KEY_CHANGED)
    assert declared.fingerprint in result.problem
    assert server.host_key.fingerprint in result.problem
    assert result.shown_key == server.host_key_line
    assert quirks.logins == []


def test_the_key_that_a_server_proves_is_returned_without_a_login(tmp_path: Path) -> None:
    quirks = Quirks()
    with host(tmp_path, quirks) as (server, connection):
        shown = proved_host_key(replace(connection, host_key=None), WAY)
    assert shown == server.host_key_line
    assert fingerprint(shown) == server.host_key.fingerprint
    assert quirks.logins == []


# Logins


def test_a_refused_key_is_offered_once_and_named(tmp_path: Path) -> None:
    quirks = Quirks()
    stranger = new_key(tmp_path / "stranger")
    with host(tmp_path, quirks) as (_, connection):
        result = failure(run(replace(connection, key=tmp_path / "stranger")), Kind.LOGIN_REFUSED)
    assert quirks.logins == [f"itadmin {stranger.fingerprint}"]
    assert stranger.fingerprint in result.problem
    assert result.offered_key == f"{stranger.get_name()} {stranger.get_base64()}"


def test_a_server_that_takes_passwords_only_says_so(tmp_path: Path) -> None:
    quirks = Quirks(methods="password,keyboard-interactive")
    new_key(tmp_path / "stranger")
    with host(tmp_path, quirks) as (_, connection):
        result = run(replace(connection, key=tmp_path / "stranger"))
    assert (
        "takes password, keyboard-interactive only" in failure(result, Kind.LOGIN_REFUSED).problem
    )


def test_a_second_factor_is_no_login(tmp_path: Path) -> None:
    with host(tmp_path, Quirks(second_factor=True, methods="keyboard-interactive")) as (_, way):
        failure(run(way), Kind.LOGIN_INCOMPLETE)


@pytest.mark.parametrize("content", [None, b"", b"no key", b"\xff\xfe"])
def test_a_key_that_cannot_be_used_is_said_before_a_login(
    tmp_path: Path, content: bytes | None
) -> None:
    quirks = Quirks()
    if content is not None:
        (tmp_path / "bad").write_bytes(content)
    with host(tmp_path, quirks) as (_, connection):
        result = failure(run(replace(connection, key=tmp_path / "bad")), Kind.KEY_UNUSABLE)
    assert str(tmp_path / "bad") in result.problem
    assert quirks.logins == []


@pytest.fixture
def agent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Run an ssh-agent with two keys; yield their folder."""
    path = tmp_path / "agent"
    process = subprocess.Popen(["ssh-agent", "-D", "-a", path], stdout=subprocess.DEVNULL)
    while not path.exists():
        time.sleep(0.01)
    monkeypatch.setenv("SSH_AUTH_SOCK", str(path))
    for name in ("first", "second"):
        new_key(tmp_path / name)
        subprocess.run(["ssh-add", "-q", tmp_path / name], check=True)
    yield tmp_path
    process.terminate()
    process.wait()


def test_of_the_agents_keys_the_declared_one_is_offered_alone(agent: Path) -> None:
    quirks = Quirks()
    second = paramiko.PKey.from_path(agent / "second")
    with shell_server(agent, quirks, second) as server:
        connection = replace(way_in(server, agent), key=None)
        way = replace(WAY, agent_keys=((agent / "second.pub").read_text(),))
        session = connect(connection, no_secret, way)
        assert isinstance(session, Session), session
        session.close()
        failure(connect(connection, no_secret, WAY), Kind.LOGIN_REFUSED)
    assert [line.split()[1] for line in quirks.logins] == [
        *[second.fingerprint] * (len(quirks.logins) - 1),
        paramiko.PKey.from_path(agent / "first").fingerprint,
    ]


def test_a_key_with_a_passphrase_is_used_through_the_agent(agent: Path) -> None:
    key = paramiko.PKey.from_path(agent / "second")
    subprocess.run(
        ["ssh-keygen", "-q", "-p", "-N", "secret", "-f", agent / "second"],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    with shell_server(agent, Quirks(), key) as server:
        assert run(way_in(server, agent / "second")) == Ran(0, b"hello\n", b"")


def test_no_agent_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    with host(tmp_path) as (_, connection):
        result = failure(run(replace(connection, key=None)), Kind.KEY_UNUSABLE)
    assert "ssh-add" in result.problem


# sudo


def test_the_password_goes_to_sudos_question_and_nowhere_else(tmp_path: Path) -> None:
    with host(tmp_path, Quirks(sudo_password=PASSWORD)) as (server, connection):
        way = replace(connection, sudo="password", sudo_password="env:X")
        result = run(way, "cat; tr '\\0' ' ' </proc/$PPID/cmdline", b"payload\n")
    assert isinstance(result, Ran)
    assert result.stdout.startswith(b"payload\n")
    assert PASSWORD.encode() not in result.stdout
    assert PASSWORD not in server.sudo_log


def test_a_sudo_that_does_not_ask_is_not_given_the_password(tmp_path: Path) -> None:
    with host(tmp_path) as (_, connection):
        way = replace(connection, sudo="password", sudo_password="env:X")
        assert run(way, "cat", b"payload\n") == Ran(0, b"payload\n", b"")


def test_a_wrong_password_is_tried_once(tmp_path: Path) -> None:
    with host(tmp_path, Quirks(sudo_password="other")) as (server, connection):
        way = replace(connection, sudo="password", sudo_password="env:X")
        failure(run(way, "cat", b"payload\n"), Kind.SUDO_PASSWORD)
        assert server.sudo_log.count("asked") == 1


@pytest.mark.parametrize(
    ("quirks", "kind"),
    [
        (Quirks(sudo_password="x"), Kind.SUDO_ASKS),
        (Quirks(sudo=False), Kind.SUDO_MISSING),
        (Quirks(sudo_says="itadmin is not in the sudoers file."), Kind.SUDO_REFUSED),
        (Quirks(sudo_says="sudo: sorry, you must have a tty to run sudo"), Kind.SUDO_REFUSED),
        (Quirks(sudo_says="\x1b]0;evil\x07"), Kind.SUDO_REFUSED),
        (Quirks(login_shell=("/bin/echo", "This account is not available.")), Kind.NO_SHELL),
        (Quirks(login_shell=("/bin/false",)), Kind.NO_SHELL),
        (Quirks(login_shell=("/bin/sleep", "9;")), Kind.NO_SHELL),
        (Quirks(hangs=True), Kind.TIMEOUT),
        (Quirks(dies=True), Kind.CUT_OFF),
    ],
)
def test_who_refused_is_told_apart(tmp_path: Path, quirks: Quirks, kind: Kind) -> None:
    if not quirks.sudo and Path("/usr/bin/sudo").exists():
        pytest.skip("this machine has a sudo of its own")
    with host(tmp_path, quirks) as (_, connection):
        failure(run(connection, limits=Limits(seconds=1)), kind)


def test_no_way_to_become_root_is_said_before_anything_runs(tmp_path: Path) -> None:
    with host(tmp_path) as (server, connection):
        way = replace(connection, sudo="none")
        failure(run(way), Kind.NOT_ROOT)
        assert run(way, root=False) == Ran(0, b"hello\n", b"")
        assert server.sudo_log == ""


def test_a_password_that_is_not_there_is_said_before_a_login(tmp_path: Path) -> None:
    quirks = Quirks()
    with host(tmp_path, quirks) as (_, connection):
        way = replace(connection, sudo="password", sudo_password="env:GONE")
        result = failure(connect(way, no_secret, WAY), Kind.SECRET)
    assert "env:GONE" in result.problem
    assert quirks.logins == []


# Jump hosts


@contextmanager
def behind(folder: Path, jump_quirks: Quirks) -> Iterator[tuple[Server, Server, Connection]]:
    with (
        host(folder / "far") as (far, to_far),
        host(folder / "near", jump_quirks) as (near, to_near),
    ):
        yield far, near, replace(to_far, jump=replace(to_near, name="velgora-gate"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("far", "near"):
        (tmp_path / name).mkdir()
    return tmp_path


def test_a_host_behind_a_jump_host_is_reached_and_proves_its_key(folder: Path) -> None:
    with behind(folder, Quirks()) as (far, _, connection):
        assert run(connection, "cat", b"x") == Ran(0, b"x", b"")
        shown = proved_host_key(replace(connection, host_key=None), WAY)
        assert shown == far.host_key_line


@pytest.mark.parametrize(
    ("quirks", "kind", "name"),
    [
        (Quirks(user="other"), Kind.LOGIN_REFUSED, "velgora-gate"),
        (Quirks(forwards=False), Kind.FORWARDING_REFUSED, "velgora-web"),
    ],
)
def test_a_jump_host_that_refuses_is_named(
    folder: Path, quirks: Quirks, kind: Kind, name: str
) -> None:
    with behind(folder, quirks) as (_, _, connection):
        assert failure(run(connection), kind).name == name


def test_a_jump_host_that_is_down_and_a_host_down_behind_one_differ(folder: Path) -> None:
    port = free_port()
    with behind(folder, Quirks()) as (_, _, connection):
        assert connection.jump
        down = replace(connection, jump=replace(connection.jump, port=port))
        assert failure(run(down), Kind.UNREACHABLE).name == "velgora-gate"
        result = failure(run(replace(connection, port=port)), Kind.UNREACHABLE)
        assert result.name == "velgora-web"
        assert str(connection.jump.port) in result.problem


# Servers that are none


def test_a_port_that_says_nothing_ends_in_a_timeout(tmp_path: Path) -> None:
    new_key(tmp_path / "key")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        way = Connection("velgora-web", "127.0.0.1", silent.getsockname()[1], key=tmp_path / "key")
        started = time.monotonic()
        result = connect(way, no_secret, Way(connect_seconds=0.5))
        assert time.monotonic() - started < 3
    assert isinstance(result, SshFailure)
    assert result.kind in {Kind.TIMEOUT, Kind.NO_SSH}


# This machine


def test_this_machine_needs_no_ssh() -> None:
    here = Connection("ops", "127.0.0.1", local=True)
    assert run(here, "cat; exit 3", b"x" * 500_000) == Ran(3, b"x" * 500_000, b"")
    late = run(here, "echo a; sleep 30", limits=Limits(seconds=0.5))
    assert late == Ran(None, b"a\n", b"", truncated=True)
    assert run(here, "kill -9 $$") == Ran(None, b"", b"")


def test_what_a_command_leaves_running_here_is_not_waited_for() -> None:
    started = time.monotonic()
    result = run(Connection("ops", "127.0.0.1", local=True), "sleep 20 & echo a")
    assert result == Ran(0, b"a\n", b"")
    assert time.monotonic() - started < 4


def test_a_compared_fingerprint_is_as_good_as_the_key_and_the_session_has_the_key(
    tmp_path: Path,
) -> None:
    with host(tmp_path) as (server, connection):
        way = replace(connection, host_key=fingerprint(server.host_key_line))
        session = connect(way, no_secret, WAY)
        assert isinstance(session, Session)
        with session:
            assert session.host_keys() == (server.host_key_line,)


def test_another_fingerprint_is_refused_before_anything_is_sent(tmp_path: Path) -> None:
    quirks = Quirks()
    with host(tmp_path, quirks) as (server, connection):
        wrong = fingerprint(HOST_KEY)
        refused = failure(run(replace(connection, host_key=wrong)), Kind.HOST_KEY_CHANGED)
    assert wrong in refused.problem
    assert fingerprint(server.host_key_line) in refused.problem
    assert quirks.logins == []
