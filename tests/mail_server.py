"""A mail server on loopback that wants STARTTLS and a login, and keeps what it takes."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tests.loopback import certificate, free_port

USER, PASSWORD = "alerts", "lozinka 1"


@dataclass
class Mailbox:
    """What came in, with whom it was for; ``refusal``: what all is refused with meanwhile."""

    mails: list[tuple[list[str], Message]] = field(default_factory=list)
    refusal: str = ""
    unknown: str = ""

    async def handle_RCPT(  # noqa: N802 - as aiosmtpd calls it
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address == self.unknown:
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 known"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.refusal:
            return self.refusal
        mail = message_from_bytes(bytes(envelope.original_content or b""))
        self.mails.append((envelope.rcpt_tos, mail))
        return "250 taken"


def text_of(mail: Message) -> str:
    """Return what a person reads of a mail."""
    (text,) = (part for part in mail.walk() if part.get_content_type() == "text/plain")
    return bytes(text.get_payload(decode=True)).decode().replace("\r\n", "\n")


@contextmanager
def mail_server(box: Mailbox, folder: Path) -> Iterator[int]:
    """Serve a mailbox; the port. Its certificate is `mail.crt` in the folder."""
    controller = Controller(
        box,
        hostname="127.0.0.1",
        port=free_port(),
        tls_context=_certified(folder),
        require_starttls=True,
        auth_required=True,
        # Its questions are worded as Alertmanager does not expect.
        auth_exclude_mechanism=["LOGIN"],
        authenticator=_known,
    )
    controller.start()
    try:
        yield controller.port
    finally:
        controller.stop()


def _certified(folder: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate(folder, "mail"))
    return context


def _known(
    _server: object, _session: object, _mail: object, _kind: str, said: object
) -> AuthResult:
    assert isinstance(said, LoginPassword)
    known = (said.login, said.password) == (USER.encode(), PASSWORD.encode())
    return AuthResult(success=known, handled=False)
