"""bastide-neighbours: what takes a connection, what refuses it, and what says nothing."""

import itertools
import json
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.loopback import free_port
from tests.playbooks.ansible import ROLES

PROGRAM = ROLES / "audit/files/neighbours.py"


def run(folder: Path, listed: str) -> "subprocess.CompletedProcess[str]":
    """Run the program from a folder of its own with this list beside it."""
    program = folder / "bastide-neighbours"
    shutil.copy(PROGRAM, program)
    (folder / "neighbours.json").write_text(listed)
    return subprocess.run(
        [sys.executable, "-IS", str(program)],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )


def looked(
    folder: Path, *addresses: str, ports: list[int], datagrams: Sequence[dict[str, Any]] = ()
) -> list[dict[str, Any]]:
    listed = [
        {"host": "velgora-app", "addresses": addresses, "ports": ports, "datagrams": datagrams}
    ]
    done = run(folder, json.dumps(listed))
    assert done.returncode == 0, done.stderr
    seen: list[dict[str, Any]] = json.loads(done.stdout)
    return seen


@contextmanager
def full_server() -> Iterator[int]:
    """Yield a port whose queue is full: the kernel drops who comes, as a firewall does."""
    with ExitStack() as links, socket.create_server(("127.0.0.1", 0), backlog=0) as server:
        port = int(server.getsockname()[1])
        for _ in range(3):
            link = links.enter_context(socket.socket())
            link.setblocking(False)
            link.connect_ex(("127.0.0.1", port))
        yield port


def test_open_refused_and_silent_ports_are_told_apart(tmp_path: Path) -> None:
    refused = free_port()
    with full_server() as silent, socket.create_server(("127.0.0.1", 0)) as server:
        opened = int(server.getsockname()[1])
        began = time.monotonic()
        (seen,) = looked(tmp_path, "127.0.0.1", ports=[refused, opened, silent])
        took = time.monotonic() - began
    assert seen == {
        "host": "velgora-app",
        "address": "127.0.0.1",
        "source": "127.0.0.1",
        "open": [opened],
        "udp": [],
        "refused": 1,
        "silent": 1,
        "present": True,
    }
    assert took < 10, "one that says nothing is not waited for"


def test_an_address_at_which_nobody_is_says_so(tmp_path: Path) -> None:
    with full_server() as silent:
        (seen,) = looked(tmp_path, "127.0.0.1", ports=[silent])
    assert (seen["open"], seen["present"]) == ([], False)


def test_nothing_is_sent(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        looked(tmp_path, "127.0.0.1", ports=[server.getsockname()[1]])
        link, _ = server.accept()
        with link:
            assert link.recv(1) == b""


def test_ports_that_are_asked_of_ipv6_too(tmp_path: Path) -> None:
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as server:
        port = int(server.getsockname()[1])
        (seen,) = looked(tmp_path, "::1", ports=[port])
    assert (seen["source"], seen["open"]) == ("::1", [port])


@contextmanager
def udp_service(answer: Callable[[int, bytes], bytes | None], family: int) -> Iterator[int]:
    """Yield the port of a service that answers its nth datagram with `answer(n, content)`."""
    with socket.socket(family, socket.SOCK_DGRAM) as server:
        server.bind(("::1" if family == socket.AF_INET6 else "127.0.0.1", 0))

        def serve() -> None:
            for count in itertools.count():
                content, asker = server.recvfrom(1 << 16)
                if content == b"end":
                    return
                if reply := answer(count, content):
                    server.sendto(reply, asker)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield int(server.getsockname()[1])
        finally:
            with socket.socket(family, socket.SOCK_DGRAM) as last:
                last.sendto(b"end", server.getsockname())
            thread.join()


@pytest.mark.parametrize(
    ("address", "family"), [("127.0.0.1", socket.AF_INET), ("::1", socket.AF_INET6)]
)
def test_a_udp_port_that_answers_its_question_is_named_and_a_closed_one_is_not(
    tmp_path: Path, address: str, family: int
) -> None:
    with udp_service(lambda _, content: content[::-1], family) as port:
        asked = [{"port": each, "content": "0102"} for each in (port, free_port())]
        (seen,) = looked(tmp_path, address, ports=[], datagrams=asked)
    assert (seen["udp"], seen["present"]) == ([port], True)


def test_a_datagram_that_is_lost_is_sent_once_more(tmp_path: Path) -> None:
    with udp_service(lambda count, _: b"late" if count else None, socket.AF_INET) as port:
        (seen,) = looked(
            tmp_path, "127.0.0.1", ports=[], datagrams=[{"port": port, "content": "01"}]
        )
    assert seen["udp"] == [port]


def test_a_udp_service_that_says_nothing_is_not_named(tmp_path: Path) -> None:
    with udp_service(lambda *_: None, socket.AF_INET) as port:
        (seen,) = looked(
            tmp_path, "127.0.0.1", ports=[], datagrams=[{"port": port, "content": "01"}]
        )
    assert (seen["udp"], seen["present"]) == ([], False)


@pytest.mark.parametrize("listed", ["", "{", '[{"host": "a"}]'])
def test_a_list_that_is_broken_is_a_failure_and_no_empty_answer(
    tmp_path: Path, listed: str
) -> None:
    done = run(tmp_path, listed)
    assert done.returncode != 0
    assert done.stdout == ""


def test_a_host_without_neighbours_sees_none(tmp_path: Path) -> None:
    assert json.loads(run(tmp_path, "[]").stdout) == []
