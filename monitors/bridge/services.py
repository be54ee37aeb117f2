"""Sending by Matrix, ntfy and Telegram: the adapter of apprise."""

import logging
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import apprise

from inventory.model.channels import Matrix, Ntfy, Telegram
from inventory.model.notify import Severity
from monitors.bridge.message import Message
from monitors.bridge.wording import Text
from monitors.text import escaped_line

# Each; Alertmanager's own patience is at least ten seconds.
TIMEOUT_SECONDS = 4.0
PRIORITIES = {Severity.PAGE: "max", Severity.TICKET: "default"}
ENDED_PRIORITY = "low"
LONGEST_REASON = 300
# At its lower levels it logs tokens (and urllib3, below it, URLs with a bot's); what matters comes
# back with each call.
for _name in ("apprise", "urllib3"):
    logging.getLogger(_name).setLevel(logging.WARNING)
    logging.getLogger(_name).propagate = False


def send_chat(
    way: Matrix | Ntfy | Telegram,
    place: str,
    secret: str | None,
    text: Text,
    message: Message,
    attempt: str,
) -> str:
    """Send a message to a chat; return why it was not taken, or nothing.

    ``place``: the room, topic or chat. ``attempt`` names it to a server that then takes it once,
    however often it comes.
    """
    whole = f"{text.title}\n{text.body}"
    if isinstance(way, Matrix):
        return _notify(_matrix(way, place, secret), secret, whole, key=attempt)
    if isinstance(way, Telegram):
        return _notify(_telegram(place, secret), secret, whole)
    return _notify(_ntfy(way, place, secret, text, message), secret, text.body, text.title)


def _notify(
    service: Mapping[str, Any], secret: str | None, body: str, title: str = "", key: str = ""
) -> str:
    timeouts = {"cto": TIMEOUT_SECONDS, "rto": TIMEOUT_SECONDS}
    made = apprise.Apprise.instantiate({**service, **timeouts})
    if made is None:
        return "the token is not of the form that the service gives out"
    if key:
        # The same for each attempt: the server takes a message once (client-server API, 4.1.3).
        made.access_token, made.transaction_id = secret, key  # type: ignore[attr-defined]
    sender = apprise.Apprise()
    sender.add(made)
    done = sender.notify(
        body, title, body_format=apprise.NotifyFormat.TEXT, log_level=logging.WARNING
    )
    if done:
        return ""
    said = [entry.message for result in done.results for entry in result.logs()]
    return _reason(said, secret)


def _reason(said: list[str], secret: str | None) -> str:
    """Return what apprise found wrong, without the secret."""
    reason = " ".join(dict.fromkeys(line.strip() for line in said)) or "not taken"
    if secret:
        reason = reason.replace(secret, "SECRET")
    return escaped_line(reason)[:LONGEST_REASON]


def _server(url: str, plain: str) -> dict[str, Any]:
    """Return apprise's parts of a server's URL; its scheme with an s is the one with TLS."""
    parts = urlsplit(url)
    scheme = plain + "s" * (parts.scheme == "https")
    return {"schema": scheme, "host": parts.hostname, "port": parts.port}


def _matrix(way: Matrix, place: str, secret: str | None) -> dict[str, Any]:
    # As password without a user: apprise logs out, and so ends, a token that it is given otherwise.
    login = {"password": secret, "version": "3"}
    # What the server's domain may name in its place, and encryption, are not asked for.
    asked = {"discovery": False, "e2ee": False, "include_image": False}
    return {**_server(way.server, "matrix"), "targets": [place], **login, **asked}


def _ntfy(
    way: Ntfy, place: str, secret: str | None, text: Text, message: Message
) -> dict[str, Any]:
    priority = PRIORITIES[message.severity] if message.firing else ENDED_PRIORITY
    return {
        **_server(way.server, "ntfy"),
        **{"mode": "private", "targets": [place], "include_image": False},
        **({"auth": "token", "token": secret} if secret else {}),
        **{"priority": priority, "click": text.link or None},
    }


def _telegram(place: str, secret: str | None) -> dict[str, Any]:
    return {"schema": "tgram", "bot_token": secret, "targets": [place], "detect_owner": False}
