"""TCP ports on addresses of the loopback: nobody, somebody, and somebody who means no good."""

import asyncio
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from ipaddress import IPv4Network, ip_address
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitors.pace import Pace
from monitors.scan import tcp
from monitors.scan.tcp import PortReply, Reply, try_ports
from tests.monitors.shell_server import Quirks, shell_server
from tests.waiting import wait_until

HERE, ELSEWHERE = "127.77.9.3", "127.77.9.17"
NETWORK = IPv4Network("127.77.9.0/28")
CLEAR = b"\x1b[2J\x1b]0;owned\x07"


def tried(
    addresses: list[str], ports: dict[int, str], pinned: dict[str, str] | None = None
) -> dict[tuple[str, int], PortReply]:
    replies = asyncio.run(try_ports(addresses, ports, Pace(1000, 50), pinned=pinned or {}))
    return {(reply.address, reply.port): reply for reply in replies}


@contextmanager
def listening(
    address: str = HERE, says: bytes = b"", port: int = 0
) -> Iterator[tuple[int, list[str]]]:
    """Serve a port that says something and then nothing; yield it, and who came."""
    came: list[str] = []
    kept: list[socket.socket] = []
    server = socket.create_server((address, port))

    def accept() -> None:
        with suppress(OSError):
            while True:
                link, who = server.accept()
                came.append(who[0])
                kept.append(link)
                if says:
                    link.sendall(says)

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield server.getsockname()[1], came
    finally:
        server.shutdown(socket.SHUT_RDWR)
        server.close()
        thread.join()
        for link in kept:
            link.close()


def test_nobody_there_is_no_reply_and_takes_no_longer_than_it_may() -> None:
    async def silent(address: str, port: int) -> socket.socket:
        await asyncio.sleep(0)
        raise TimeoutError

    replies = asyncio.run(
        try_ports(["10.99.0.1"], {22: "ssh"}, Pace(1000, 1), pinned={}, connect=silent)
    )
    assert [reply.reply for reply in replies] == [Reply.SILENT]


def test_a_host_that_takes_no_more_connections_is_silent_in_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tcp, "CONNECT_SECONDS", 0.3)
    with socket.socket() as full, socket.socket() as first, socket.socket() as second:
        full.bind((HERE, 0))
        full.listen(0)
        port = full.getsockname()[1]
        for link in (first, second):  # the queue is full after them: SYNs are dropped
            link.setblocking(False)
            link.connect_ex((HERE, port))
        started = time.monotonic()
        assert tried([HERE], {port: "http"})[HERE, port].reply is Reply.SILENT
        assert time.monotonic() - started < 3


def test_refused_is_told_apart_from_open() -> None:
    with listening() as (port, came):
        replies = tried([HERE, "127.77.9.4"], {port: "http"})
        # The connection is there before the server's thread has taken it.
        assert wait_until(lambda: len(came) == 1)
    assert replies[HERE, port] == PortReply(HERE, port, Reply.OPEN)
    assert replies["127.77.9.4", port].reply is Reply.REFUSED


def test_a_network_that_no_route_leads_to_says_so() -> None:
    assert tried(["255.255.255.255"], {22: "ssh"})["255.255.255.255", 22].reply is Reply.NO_ROUTE


def test_ssh_shows_its_key_over_one_connection_and_nobody_logs_in(tmp_path: Path) -> None:
    quirks = Quirks()
    with shell_server(tmp_path, quirks) as server:
        reply = tried(["127.0.0.1"], {server.port: "ssh"})["127.0.0.1", server.port]
    assert reply.ssh
    assert reply.ssh.host_key == server.host_key_line
    assert reply.ssh.version.startswith("paramiko_")
    assert quirks.logins == []


@pytest.mark.parametrize(
    "says",
    [
        b"",
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        CLEAR * 20,
        b"SSH-2.0-" + CLEAR + b"\r\n",
        b"\0" * 99999,
    ],
)
def test_what_only_claims_to_be_ssh_costs_its_own_reply_and_writes_on_no_terminal(
    says: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tcp, "GREETING_SECONDS", 0.5)
    with listening(says=says) as (port, _):
        started = time.monotonic()
        reply = tried([HERE], {port: "ssh"})[HERE, port]
        assert time.monotonic() - started < 5
    assert reply.reply is Reply.OPEN
    assert reply.ssh
    assert reply.ssh.host_key is None
    assert (reply.ssh.version + reply.ssh.problem).isprintable()
    assert reply.ssh.problem


def test_a_scan_that_is_stopped_does_not_wait_for_a_server_that_is_silent() -> None:
    async def main(port: int) -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await try_ports([HERE], {port: "ssh"}, Pace(1000, 50), pinned={})

    with listening() as (port, _):
        started = time.monotonic()
        asyncio.run(main(port))
    assert time.monotonic() - started < 2


def test_nothing_is_sent_to_an_address_outside() -> None:
    with listening() as (port, inside), listening(ELSEWHERE, port=port) as (_, outside):
        tried([str(address) for address in NETWORK.hosts()], {port: "http"})
    assert (len(inside), outside) == (1, [])


@settings(deadline=None)  # other work may hold the machine up
@given(
    network=st.integers(0, 2**32 - 1).flatmap(
        lambda number: st.integers(26, 32).map(
            lambda length: IPv4Network((number >> (32 - length) << (32 - length), length))
        )
    ),
    ports=st.sets(st.integers(1, 65535), min_size=1, max_size=4),
)
def test_every_address_of_a_network_is_tried_once_a_port_and_no_other(
    network: IPv4Network, ports: set[int]
) -> None:
    tries: Counter[tuple[str, int]] = Counter()

    async def connect(address: str, port: int) -> socket.socket:
        tries[address, port] += 1
        raise ConnectionRefusedError

    addresses = [str(address) for address in network.hosts()]
    named = dict.fromkeys(ports, "ssh")
    asyncio.run(try_ports(addresses, named, Pace(1e6, 100), pinned={}, connect=connect))
    assert set(tries) == {(address, port) for address in addresses for port in ports}
    assert set(tries.values()) == {1}
    assert all(ip_address(address) in network for address, _ in tries)
