"""Mail by the bridge: what servers refuse, and what people get."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Thread

import pytest

from inventory.model.channels import Mail
from monitors.bridge.mail import send
from monitors.bridge.wording import Text
from tests.mail_server import PASSWORD, USER, Mailbox, mail_server, text_of

DESK = "it@estate.example"
TEXT = Text("Page: velgora: HostDown", "velgora-edge: шжћ\n\n" + "x" * 1200, "")


@pytest.fixture
def box() -> Mailbox:
    return Mailbox()


@pytest.fixture
def port(box: Mailbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """The mailbox's port; its certificate is one that this machine trusts."""
    with mail_server(box, tmp_path) as port:
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "mail.crt"))
        yield port


def mail(port: int, **more: object) -> Mail:
    login = {"user": USER, "password": "env:SMTP"}
    server = f"127.0.0.1:{port}"
    return Mail.model_validate(
        {"to": [DESK], "sender": "alerts@estate.example", "server": server, **login, **more}
    )


def test_a_server_that_is_not_there_is_told() -> None:
    told = send(mail(9), PASSWORD, DESK, TEXT, "k.0")
    assert told == "127.0.0.1:9: [Errno 111] Connection refused"


def test_a_server_that_says_nothing_is_not_waited_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitors.bridge.mail.TIMEOUT_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        told = send(mail(silent.getsockname()[1]), PASSWORD, DESK, TEXT, "k.0")
    assert told.endswith("timed out")


def test_a_wrong_password_is_told_and_not_shown(port: int, box: Mailbox) -> None:
    told = send(mail(port), "wrong-secret", DESK, TEXT, "k.0")
    assert told.startswith(f"127.0.0.1:{port}: 535 ")
    assert "wrong-secret" not in told
    assert not box.mails


def test_a_certificate_that_nobody_vouches_for_is_refused(
    port: int, box: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    assert "certificate verify failed" in send(mail(port), PASSWORD, DESK, TEXT, "k.0")
    assert not box.mails


def test_a_certificate_of_another_name_is_refused(port: int, box: Mailbox) -> None:
    other = f"localhost:{port}"
    told = send(mail(port, server=other), PASSWORD, DESK, TEXT, "k.0")
    assert "certificate is not valid for 'localhost'" in told
    assert not box.mails


@pytest.mark.parametrize(
    ("answers", "told"),
    [
        (["421 4.3.2 closing"], "421 4.3.2 closing"),
        (["554 no mail from here"], "554 no mail from here"),
        (["garbage that is no answer"], "-1 "),
        (["220 here", ""], "Connection unexpectedly closed"),
        (["220 here", "500 what?", "500 what?"], "500 what?"),
        (["220 here", "250 here", "451 not you", "250 well"], "451 not you"),
        (["220 here", "250 here", "250 well", "452 4.2.2 full"], f"{DESK}: 452 4.2.2 full"),
        (["220 \x1b[2J\u202e"], "Connection unexpectedly closed"),
    ],
)
def test_answers_that_no_server_should_give_are_told(answers: list[str], told: str) -> None:
    with saying(answers) as port:
        open_mail = mail(port, user=None, password=None, tls=False)
        said = send(open_mail, None, DESK, TEXT, "k.0")
    assert said.startswith(f"127.0.0.1:{port}: ")
    assert told in said
    assert said.isprintable()


@contextmanager
def saying(answers: list[str]) -> Iterator[int]:
    """A server that gives these answers, one to each line of its client, and hangs up."""

    def serve(server: socket.socket) -> None:
        session, _ = server.accept()
        with session, suppress(OSError):
            for answer in filter(None, answers):
                session.sendall(f"{answer}\r\n".encode())
                session.recv(4096)

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = Thread(target=serve, args=(server,), daemon=True)
        thread.start()
        yield server.getsockname()[1]
        thread.join(5)


def test_what_the_server_refuses_is_told_in_its_words(port: int, box: Mailbox) -> None:
    box.refusal = "451 4.3.0 the disk is full"
    told = send(mail(port), PASSWORD, DESK, TEXT, "k.0")
    assert told == f"127.0.0.1:{port}: 451 4.3.0 the disk is full"
    box.unknown = DESK
    told = send(mail(port), PASSWORD, DESK, TEXT, "k.0")
    assert told == f"127.0.0.1:{port}: {DESK}: 550 no such mailbox"


def test_a_password_is_not_sent_to_a_server_without_tls() -> None:
    with socket.create_server(("127.0.0.1", 0)) as plain:
        answers = [b"220 plain\r\n", b"250 plain\r\n", b"500 no\r\n"]
        heard: list[bytes] = []

        def serve() -> None:
            session, _ = plain.accept()
            with session:
                for answer in answers:
                    session.sendall(answer)
                    heard.append(session.recv(1000))

        thread = Thread(target=serve)
        thread.start()
        told = send(mail(plain.getsockname()[1]), PASSWORD, DESK, TEXT, "k.0")
        thread.join()
    assert "STARTTLS" in told
    assert not [line for line in heard if b"AUTH" in line]


def test_a_mail_comes_whole_and_says_that_no_person_sent_it(port: int, box: Mailbox) -> None:
    assert send(mail(port), PASSWORD, DESK, TEXT, "k.0") == ""
    ((recipients, taken),) = box.mails
    assert recipients == [DESK]
    assert (taken["Subject"], taken["To"]) == (TEXT.title, DESK)
    assert taken["From"] == "alerts@estate.example"
    assert taken["Auto-Submitted"] == "auto-generated"
    assert taken["Message-ID"].startswith("<k.0@")
    assert text_of(taken).strip() == TEXT.body
