"""One exchange with a host that misbehaves, over real SSH on loopback: always a value."""

import socket
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import paramiko
import pytest

from monitors.security.bundle import MAX_PACKED_BYTES, pack
from monitors.security.exchange import Refused, Target, fetch
from tests.monitors.security.ssh_server import Serve, known, new_key, says, serving
from tests.monitors.security.test_bundle import GOOD, framed


@dataclass(frozen=True)
class Site:
    """Keys of a server and an auditor that know each other."""

    host_key: paramiko.PKey
    audit_key: paramiko.PKey
    folder: Path

    def target(self, port: int) -> Target:
        return Target(
            name="velgora-app",
            address="127.0.0.1",
            port=port,
            key=self.folder / "audit",
            known_hosts=known(self.folder / "known_hosts", port, self.host_key),
            connect_seconds=3,
            exchange_seconds=3,
        )


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(new_key(tmp_path / "host"), new_key(tmp_path / "audit"), tmp_path)


def exchange(
    site: Site, serve: Serve, change: Callable[[Target], Target] = lambda t: t
) -> bytes | Refused:
    with serving(site.host_key, site.audit_key, serve) as port:
        return fetch(change(site.target(port)))


def problem(found: bytes | Refused) -> str:
    assert isinstance(found, Refused)
    assert found.problem.startswith("velgora-app: ")
    return found.problem


def test_an_unknown_host_key_is_refused_and_the_way_out_named(site: Site) -> None:
    (site.folder / "empty").touch()
    found = problem(
        exchange(site, says(b""), lambda t: replace(t, known_hosts=site.folder / "empty"))
    )
    assert "unknown host key" in found
    assert "host_key:" in found


def test_a_changed_host_key_is_refused_and_both_keys_named(site: Site) -> None:
    other = new_key(site.folder / "other")

    def expect_other(target: Target) -> Target:
        return replace(target, known_hosts=known(site.folder / "k", target.port, other))

    found = problem(exchange(site, says(b""), expect_other))
    assert "host key changed" in found
    assert other.fingerprint in found
    assert site.host_key.fingerprint in found


def test_a_host_that_refuses_the_audit_key_names_the_playbook(site: Site) -> None:
    new_key(site.folder / "stranger")
    found = problem(exchange(site, says(b""), lambda t: replace(t, key=site.folder / "stranger")))
    assert "refused the key" in found
    assert "bastide playbook run configure" in found


def test_a_host_that_is_down_is_unreachable_not_failing(site: Site) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    assert "unreachable" in problem(fetch(site.target(port)))


def test_a_host_that_accepts_and_says_nothing_ends_in_a_timeout(site: Site) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        target = replace(site.target(silent.getsockname()[1]), connect_seconds=0.5)
        found = problem(fetch(target))
    assert "velgora-app" in found


def test_a_collector_that_hangs_ends_in_a_timeout(site: Site) -> None:
    found = exchange(site, lambda _: time.sleep(30), lambda t: replace(t, exchange_seconds=0.5))
    assert "timeout" in problem(found)


def test_a_collector_that_trickles_for_ever_ends_in_a_timeout(site: Site) -> None:
    def trickle(channel: paramiko.Channel) -> None:
        channel.sendall(f"bastide-bundle 1 99999 {'0' * 64}\n".encode())
        with suppress(OSError, EOFError):
            while not channel.closed:
                channel.send(b"x")
                time.sleep(0.05)

    found = exchange(site, trickle, lambda t: replace(t, exchange_seconds=0.7))
    assert "timeout" in problem(found)


def test_a_missing_collector_gives_its_own_words_and_the_playbook(site: Site) -> None:
    found = problem(exchange(site, says(b"", b"sudo: bastide-collector: command not found")))
    assert "command not found" in found
    assert "bastide playbook run configure" in found


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
    found = exchange(site, says(b""), lambda t: replace(t, key=site.folder / "none"))
    assert "bastide up" in problem(found)


def test_a_whole_bundle_comes_through(site: Site) -> None:
    assert exchange(site, says(framed(pack(GOOD)))) == pack(GOOD)
