"""One exchange with a host that misbehaves, over real SSH on loopback: always a value."""

import re
import socket
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Thread

import paramiko
import pytest

from inventory.connections import Connection
from monitors.audit.collect.exchange import (
    AUDIT_USER,
    MAX_RECEIVED_BYTES,
    AuditTarget,
    fetch,
)
from monitors.collection.bundle import MAX_PACKED_BYTES, FetchFailure, pack
from tests.loopback import free_port
from tests.monitors.audit.collect.ssh_server import Serve, line_of, new_key, says, serving
from tests.monitors.collection.test_bundle import GOOD, framed


@dataclass(frozen=True)
class Site:
    """Keys of a server and an auditor that know each other."""

    host_key: paramiko.PKey
    audit_key: paramiko.PKey
    folder: Path

    def target(self, port: int) -> AuditTarget:
        return AuditTarget(
            name="velgora-app",
            connection=Connection(
                name="velgora-app",
                address="127.0.0.1",
                port=port,
                user=AUDIT_USER,
                key=self.folder / "audit",
                host_key=line_of(self.host_key),
            ),
            connect_seconds=3,
            exchange_seconds=3,
        )


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(new_key(tmp_path / "host"), new_key(tmp_path / "audit"), tmp_path)


def exchange(
    site: Site, serve: Serve, change: Callable[[AuditTarget], AuditTarget] = lambda t: t
) -> bytes | FetchFailure:
    with serving(site.host_key, site.audit_key, serve) as port:
        return fetch(change(site.target(port)))


def changed(**changes: object) -> Callable[[AuditTarget], AuditTarget]:
    """Return what changes a target's way in."""
    return lambda t: replace(t, connection=replace(t.connection, **changes))  # type: ignore[arg-type]


def problem(received: bytes | FetchFailure) -> str:
    assert isinstance(received, FetchFailure)
    assert received.problem.startswith("velgora-app: ")
    return received.problem


def test_an_unknown_host_key_is_refused_and_the_way_out_named(site: Site) -> None:
    failure = problem(exchange(site, says(b""), changed(host_key=None)))
    assert "unknown host key" in failure
    assert "host_key:" in failure


def test_a_changed_host_key_is_refused_and_both_keys_named(site: Site) -> None:
    other = new_key(site.folder / "other")
    failure = problem(exchange(site, says(b""), changed(host_key=line_of(other))))
    assert "host key changed" in failure
    assert other.fingerprint in failure
    assert site.host_key.fingerprint in failure


def test_a_host_that_refuses_the_audit_key_names_the_playbook(site: Site) -> None:
    new_key(site.folder / "stranger")
    failure = problem(exchange(site, says(b""), changed(key=site.folder / "stranger")))
    assert "refused the key" in failure
    assert "bastide playbook run configure" in failure


def test_a_host_that_is_down_is_unreachable_not_failing(site: Site) -> None:
    port = free_port()
    assert "unreachable" in problem(fetch(site.target(port)))


def test_a_host_that_accepts_and_says_nothing_ends_in_a_timeout(site: Site) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        target = replace(site.target(silent.getsockname()[1]), connect_seconds=0.5)
        failure = problem(fetch(target))
    assert "velgora-app" in failure


@contextmanager
def speaking(says: Iterable[bytes]) -> Iterator[int]:
    """Serve a loopback port on which no SSH is spoken."""

    def serve() -> None:
        with suppress(OSError):
            connection, _ = listening.accept()
            for piece in says:
                connection.sendall(piece)
            connection.close()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        Thread(target=serve, daemon=True).start()
        yield listening.getsockname()[1]


@pytest.mark.parametrize(
    ("says", "said"),
    [
        ([], "SSH with .* failed"),
        ([b"HTTP/1.1 400 Bad Request\r\n\r\n"], "SSH with .* failed"),
        ([b"SSH-1.0-old\r\n"], "SSH with .* failed"),
        ([b"SSH-2.0-x\r\n"], "SSH with .* failed|sent nothing"),
        ([b"SSH-2.0-x\r\n", b"\0\0\0\x0c\x0a\x14" + b"\xff" * 300], "failed|sent nothing"),
        ([b"SSH-2.0-x\r\n", b"\xff" * 4000], "SSH with .* failed"),
        ([b"SSH-2.0-\x1b]0;x\x07\r\n", b"\0" * 4000], "SSH with .* failed|sent nothing"),
    ],
)
def test_what_speaks_no_ssh_is_a_problem_in_plain_words(
    site: Site, says: list[bytes], said: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with speaking(says) as port:
        failure = problem(fetch(site.target(port)))

    assert re.search(said, failure)
    assert failure.isprintable()
    assert capfd.readouterr().err == "", "a trace on the terminal, beside the problem"


def test_an_endless_greeting_is_cut_off_long_before_memory_is_full(site: Site) -> None:
    sent = 0

    def endless() -> Iterator[bytes]:
        nonlocal sent
        while True:
            yield b"x" * 65536
            sent += 65536

    with speaking(endless()) as port:
        failure = problem(fetch(site.target(port)))

    assert f"more than {MAX_RECEIVED_BYTES} bytes came" in failure
    assert sent < 100 * MAX_RECEIVED_BYTES


def test_an_error_stream_that_floods_is_not_read_for_ever(site: Site) -> None:
    failure = exchange(
        site, says(b"", b"x" * 3_000_000), lambda t: replace(t, exchange_seconds=2.0)
    )
    assert f"more than {MAX_RECEIVED_BYTES} bytes came" in problem(failure)


def test_a_collector_that_hangs_ends_in_a_timeout(site: Site) -> None:
    failure = exchange(site, lambda _: time.sleep(30), lambda t: replace(t, exchange_seconds=0.5))
    assert "timeout" in problem(failure)


def test_a_collector_that_trickles_for_ever_ends_in_a_timeout(site: Site) -> None:
    def trickle(channel: paramiko.Channel) -> None:
        channel.sendall(f"bastide-bundle 1 99999 {'0' * 64}\n".encode())
        with suppress(OSError, EOFError):
            while not channel.closed:
                channel.send(b"x")
                time.sleep(0.05)

    failure = exchange(site, trickle, lambda t: replace(t, exchange_seconds=0.7))
    assert "timeout" in problem(failure)


def test_a_missing_collector_gives_its_own_words_and_the_playbook(site: Site) -> None:
    failure = problem(exchange(site, says(b"", b"sudo: bastide-collector: command not found")))
    assert "command not found" in failure
    assert "bastide playbook run configure" in failure


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        (framed(pack(GOOD))[:-20], "truncated"),
        (b"Welcome to Debian!\n" * 50, "Welcome to Debian"),
        (b"\xff" * 500, "expected the line"),
        (f"bastide-bundle 1 {MAX_PACKED_BYTES * 4} {'0' * 64}\n".encode(), "oversized"),
    ],
)
def test_a_bad_bundle_is_a_clear_problem(site: Site, sent: bytes, said: str) -> None:
    assert said in problem(exchange(site, says(sent)))


def test_a_missing_audit_key_says_which_command_makes_it(site: Site) -> None:
    failure = exchange(site, says(b""), changed(key=site.folder / "none"))
    assert "bastide up" in problem(failure)


def test_a_whole_bundle_comes_through(site: Site) -> None:
    assert exchange(site, says(framed(pack(GOOD)))) == pack(GOOD)
