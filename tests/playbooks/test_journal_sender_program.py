"""journal-sender: each entry of an upload says whose certificate it came by, and nothing else is
changed."""

import io
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.playbooks.programs import ROLES, program

MODULE: ModuleType = program("journal_sender")
NAME = b"app.town.lab.test"
MARK = b"BASTIDE_SENDER=" + NAME + b"\n"


def chunked(body: bytes, sizes: list[int]) -> bytes:
    parts, at = [], 0
    for size in (*sizes, len(body)):
        if piece := body[at : at + size]:
            parts.append(b"%x\r\n%s\r\n" % (len(piece), piece))
        at += size
    return b"".join((*parts, b"0\r\n\r\n"))


def marked(body: bytes, sizes: list[int] | None = None) -> bytes:
    source = io.BufferedReader(io.BytesIO(chunked(body, sizes or [])))
    return b"".join(MODULE.marked(MODULE.Body(source, None), NAME))


def binary(key: bytes, value: bytes) -> bytes:
    return key + b"\n" + len(value).to_bytes(8, "little") + value + b"\n"


@pytest.mark.parametrize(
    "subject", ["", "O=Town", "CN=a.b.c, CN=d.e.f", "/CN=a.b.c/CN=d.e.f", "OU=CNX=a", "CN=A B"]
)
def test_a_subject_without_one_name_is_refused(subject: str) -> None:
    with pytest.raises(MODULE.RefusedError):
        MODULE.sender(subject)


@pytest.mark.parametrize(
    "subject",
    ["CN=app.town.lab.test", "/O=Town/CN=app.town.lab.test", "O = T, CN = app.town.lab.test"],
)
def test_the_name_of_the_certificate_is_found(subject: str) -> None:
    assert MODULE.sender(subject) == NAME.decode()


def test_a_mark_of_the_senders_own_is_taken_out() -> None:
    forged = b"BASTIDE_SENDER=ops.central.lab.test\n"
    entry = b"_HOSTNAME=central-ops\n" + forged + binary(b"BASTIDE_SENDER", b"ops\n\nx") + b"A=1\n"
    assert marked(entry + b"\n" + forged + b"\n") == (
        MARK + b"_HOSTNAME=central-ops\nA=1\n\n" + MARK + b"\n"
    )


def test_what_stands_in_a_binary_field_is_no_entry() -> None:
    entry = binary(b"MESSAGE", b"one\n\nBASTIDE_SENDER=ops.central.lab.test\n\n")
    assert marked(entry + b"\n") == MARK + entry + b"\n"


@pytest.mark.parametrize("cut", [1, 5, 12, 20])
def test_a_field_that_ends_in_the_middle_is_refused(cut: int) -> None:
    with pytest.raises(MODULE.RefusedError):
        marked(binary(b"M", b"x" * 20)[: 2 + cut])


KEYS = st.sampled_from([b"MESSAGE", b"_HOSTNAME", b"BASTIDE_SENDERS", b"XBASTIDE_SENDER"])
TEXTS = st.binary(max_size=30).filter(lambda text: b"\n" not in text)
FIELDS = st.one_of(
    st.builds(lambda key, text: key + b"=" + text + b"\n", KEYS, TEXTS),
    st.builds(binary, KEYS, st.binary(max_size=30)),
)
FORGED = st.one_of(
    st.builds(lambda text: b"BASTIDE_SENDER=" + text + b"\n", TEXTS),
    st.builds(binary, st.just(b"BASTIDE_SENDER"), st.binary(max_size=30)),
)


@given(
    entries=st.lists(st.lists(st.one_of(FIELDS, FORGED), min_size=1, max_size=5), max_size=5),
    sizes=st.lists(st.integers(1, 40), max_size=20),
)
def test_each_entry_is_marked_once_however_it_is_cut(
    entries: list[list[bytes]], sizes: list[int]
) -> None:
    def is_forged(field: bytes) -> bool:
        return field.startswith((b"BASTIDE_SENDER=", b"BASTIDE_SENDER\n"))

    body = b"".join(b"".join(fields) + b"\n" for fields in entries)
    expected = b"".join(
        MARK + b"".join(field for field in fields if not is_forged(field)) + b"\n"
        for fields in entries
    )
    assert marked(body, sizes) == expected


@pytest.fixture
def receiver() -> Iterator[socket.socket]:
    """Return a socket in the receiver's place; the port is free on machines without the role."""
    with socket.create_server(MODULE.RECEIVER) as listening:
        yield listening


def test_a_connection_is_handed_on_and_answered(receiver: socket.socket) -> None:
    received: list[bytes] = []

    def serve() -> None:
        connection, _ = receiver.accept()
        with connection:
            while piece := connection.recv(65536):
                received.append(piece)
                if b"0\r\n\r\n" in piece:
                    connection.sendall(b"HTTP/1.1 202 Accepted\r\n\r\n")

    threading.Thread(target=serve, daemon=True).start()
    head = b"POST /upload HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    done = subprocess.run(
        [sys.executable, "-I", ROLES / "log_receiver/files/journal_sender.py"],
        input=head + chunked(b"A=1\n\n", [2]),
        capture_output=True,
        timeout=60,
        env={"SSL_CLIENT_DN": f"CN={NAME.decode()}"},
    )
    assert done.stdout == b"HTTP/1.1 202 Accepted\r\n\r\n", done.stderr
    request = b"".join(received)
    assert request.startswith(b"POST /upload HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n")
    assert MARK in request


def test_without_a_certificate_nothing_is_handed_on(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-I", ROLES / "log_receiver/files/journal_sender.py"],
        input=b"",
        capture_output=True,
        timeout=60,
        env={},
    )
    assert done.returncode == 1
    assert b"no single name" in done.stderr
