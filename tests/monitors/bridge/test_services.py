"""Matrix, ntfy and Telegram, as servers on loopback get it."""

import logging
import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import pytest

from inventory.model.channels import Matrix, Ntfy, Telegram
from monitors.bridge.recipients import CHATS
from monitors.bridge.services import send_chat
from monitors.bridge.wording import text
from tests.monitors.bridge.messages import DOWN, RUNBOOK, alert, message
from tests.monitors.bridge.receiver import Receiver

TOKEN = "123456789:AAtoken_token_token_token_token_tok"
ROOM = "!room:matrix.example"


def sent(way: Matrix | Ntfy | Telegram, attempt: str = "k.0", secret: str | None = TOKEN) -> str:
    place = getattr(way, CHATS[type(way)][0])
    return send_chat(way, place, secret, text(DOWN), DOWN, attempt)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    with receiver.open():
        yield receiver


def test_a_refusal_is_told_without_the_token(
    receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    receiver.status = 401
    ntfy = Ntfy(server=receiver.url, topic="alerts", token="env:T")
    matrix = Matrix(server=receiver.url, room=ROOM, token="env:T")
    assert "401" in sent(ntfy)
    assert f"Could not join Matrix room {ROOM}" in sent(matrix)
    assert TOKEN not in caplog.text + sent(ntfy) + sent(matrix)


def test_a_server_that_is_not_there_is_told() -> None:
    assert "Connection error" in sent(Ntfy(server="http://127.0.0.1:9", topic="alerts"))


def test_a_room_gets_the_text_and_the_token_lives_on(receiver: Receiver) -> None:
    matrix = Matrix(server=receiver.url, room=ROOM, token="env:T")
    assert sent(matrix) == ""
    assert receiver.room == [f"{text(DOWN).title}\n{text(DOWN).body}"]
    assert {r.headers["authorization"] for r in receiver.requests} == {f"Bearer {TOKEN}"}
    assert not [r for r in receiver.requests if "logout" in r.path]


def test_matrix_takes_an_attempt_once_even_when_its_answer_was_lost(receiver: Receiver) -> None:
    matrix = Matrix(server=receiver.url, room=ROOM, token="env:T")
    assert [sent(matrix), sent(matrix)] == ["", ""]
    assert len(receiver.room) == 1
    assert sent(matrix, "k.1800000000") == ""
    assert len(receiver.room) == 2


def test_ntfy_knows_how_urgent_it_is_and_where_it_leads(receiver: Receiver) -> None:
    ntfy = Ntfy(server=receiver.url, topic="alerts", token="env:T")
    assert sent(ntfy) == ""
    over = message(alert("velgora-edge", "velgora-edge is dead", status="resolved"))
    assert send_chat(ntfy, "alerts", TOKEN, text(over), over, "k.1") == ""
    page, ended = receiver.posts
    assert (page.json["topic"], page.json["title"]) == ("alerts", "PAGE velgora: HostDown")
    assert page.json["message"] == text(DOWN).body
    assert page.headers["authorization"] == f"Bearer {TOKEN}"
    assert (page.headers["x-priority"], ended.headers["x-priority"]) == ("max", "low")
    assert page.headers["x-click"] == RUNBOOK


def test_a_topic_for_all_is_sent_no_token(receiver: Receiver) -> None:
    assert sent(Ntfy(server=receiver.url, topic="alerts"), secret=None) == ""
    assert "authorization" not in receiver.posts[0].headers


def test_a_bots_token_that_is_none_is_told() -> None:
    assert sent(Telegram(chat="-100123", token="env:T"), secret="nonsense") == (
        "the token is not of the form that the service gives out"
    )


def test_telegram_gets_it_by_the_proxy_that_the_host_goes_out_by(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    receiver = Receiver()
    with receiver.open(certificate(tmp_path)), proxy(receiver.port) as port:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{port}")
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "crt.pem"))
        odd = message(alert("velgora-edge", "velgora-edge: <b>5</b> & 6_7*"))
        telegram = Telegram(chat="-1001234567890", token="env:T")
        assert send_chat(telegram, "-1001234567890", TOKEN, text(odd), odd, "k.0") == ""
    (request,) = receiver.posts
    assert request.path == f"/bot{TOKEN}/sendMessage"
    assert request.json["chat_id"] == -1001234567890
    assert "&lt;b&gt;5&lt;/b&gt; &amp; 6_7*" in request.json["text"]
    assert request.json["text"].startswith("PAGE velgora: HostDown")


def certificate(folder: Path) -> ssl.SSLContext:
    """Telegram's name, by an authority that only this test trusts."""
    names = ("-addext", "subjectAltName=DNS:api.telegram.org", "-subj", "/CN=api.telegram.org")
    files = ("-keyout", folder / "key.pem", "-out", folder / "crt.pem")
    kind = ("-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1")
    subprocess.run(("openssl", "req", *kind, *names, *files), check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "crt.pem", folder / "key.pem")
    return context


@contextmanager
def proxy(to: int) -> Iterator[int]:
    """A proxy (RFC 9110, CONNECT) that leads every name to a port on loopback."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        Thread(target=tunnel, args=(server, to), daemon=True).start()
        yield server.getsockname()[1]


def tunnel(server: socket.socket, to: int) -> None:
    client, _ = server.accept()
    asked = client.recv(65536)
    assert asked.startswith(b"CONNECT api.telegram.org:443")
    inside = socket.create_connection(("127.0.0.1", to))
    client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    Thread(target=pump, args=(client, inside), daemon=True).start()
    pump(inside, client)


def pump(source: socket.socket, sink: socket.socket) -> None:
    while octets := source.recv(65536):
        sink.sendall(octets)
