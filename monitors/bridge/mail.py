"""A message by mail (SMTP, RFC 5321), as Alertmanager's own mail is sent."""

import smtplib
import socket
import ssl
from contextlib import suppress
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate

from inventory.model.channels import Mail
from monitors.bridge.wording import Text
from monitors.text import escaped_line

# For each answer of the server; Alertmanager's own patience is a minute.
TIMEOUT_SECONDS = 8.0
TLS_FROM_THE_START = 465
Refused = dict[str, tuple[int, bytes]]


def send(mail: Mail, secret: str | None, recipient: str, text: Text, attempt: str) -> str:
    """Send a mail to one address; return why it was not taken, or nothing.

    ``attempt`` names it in its Message-ID: what the server took twice can be told to be one.
    """
    try:
        session = _session(mail)
        try:
            if mail.user and secret:
                session.login(mail.user, secret)
            session.send_message(_message(mail, recipient, text, attempt))
            # It has it: whatever becomes of the farewell.
            with suppress(smtplib.SMTPException, OSError):
                session.quit()
        finally:
            session.close()
    except (smtplib.SMTPException, OSError, ValueError) as error:
        return escaped_line(f"{mail.server}: {_reason(error)}")
    return ""


def _session(mail: Mail) -> smtplib.SMTP:
    host, _, port = mail.server.rpartition(":")
    place = (host.strip("[]"), int(port))
    # The library would ask for the full name, and wait where names are dead.
    here = socket.gethostname()
    if int(port) == TLS_FROM_THE_START:
        trust = ssl.create_default_context()
        return smtplib.SMTP_SSL(*place, here, timeout=TIMEOUT_SECONDS, context=trust)
    session = smtplib.SMTP(*place, here, timeout=TIMEOUT_SECONDS)
    if mail.tls:
        try:
            session.starttls(context=ssl.create_default_context())
        except BaseException:
            session.close()
            raise
    return session


def _message(mail: Mail, recipient: str, text: Text, attempt: str) -> EmailMessage:
    message = EmailMessage(SMTP)
    message["Subject"], message["From"], message["To"] = text.title, mail.sender, recipient
    message["Date"] = formatdate()
    message["Message-ID"] = f"<{attempt}@{socket.gethostname()}>"
    # No holiday replies to it (RFC 3834).
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text.body)
    return message


def _reason(error: Exception) -> str:
    """Return what a server answered, without Python's quotes around it."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        refused: Refused = error.recipients
        return "; ".join(f"{to}: {code} {_said(text)}" for to, (code, text) in refused.items())
    if isinstance(error, smtplib.SMTPResponseException):
        return f"{error.smtp_code} {_said(error.smtp_error)}"
    return str(error)


def _said(text: bytes | str) -> str:
    return text if isinstance(text, str) else text.decode(errors="replace")
