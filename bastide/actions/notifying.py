"""A marked alert sent through each channel, and whether Alertmanager got rid of it."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from bastide.actions import prometheus
from bastide.actions.status import apis
from bastide.actions.watch_api import watch_api
from bastide.support.errors import CommandError, Exit
from bastide.support.estate import EstateContext
from bastide.support.progress import Progress
from inventory.model.channels import Channel, Mail, Matrix, Ntfy, Sms, Telegram, Webhook
from inventory.model.notify import TEST, Notify, Severity
from monitors.bridge.recipients import recipients
from monitors.prometheus.alertmanager_config import channels_of, takers
from monitors.prometheus.operations_watch import channels_of_watch
from monitors.prometheus.render import addresses
from monitors.web_api import ApiError, Asked

WAIT_SECONDS = 30.0
POLL_SECONDS = 0.5
# Alertmanager then sends its end, too, as it does of every alert.
LASTS = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of a test in one channel; `problem` is empty when it was taken."""

    channel: str
    to: str
    problem: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        return {**asdict(self), "delivered": not self.problem}


@dataclass(frozen=True, slots=True)
class Place:
    """A machine that sends alerts: its Alertmanager, and the channels that it sends by."""

    name: str
    api: Asked
    notify: Notify


def notify_of(context: EstateContext) -> Notify:
    """Return what the estate says of notifications; CommandError when it says nothing."""
    if context.estate.notify is None:
        raise CommandError(
            "estate.yml: no `notify:`, so alerts stay on the operations host; add channels "
            "(docs/notifications.md)",
            Exit.WRONG_USE,
        )
    return context.estate.notify


def destination(context: EstateContext, channel: Channel, municipality: str) -> str:
    """Return where a channel leads for a municipality, for people to read; no secret is in it.

    Where it leads to nobody it says why.
    """
    way = channel.way
    if isinstance(way, Webhook):
        return way.url
    reached = recipients(context.estate, channel, municipality)
    if isinstance(way, Mail | Sms):
        missing = "`email`" if isinstance(way, Mail) else "international `phone`"
        return ", ".join(reached) or f"nobody: no contact of the municipality has an {missing}"
    return ", ".join(_place(way, place) for place in reached)


def _place(way: Matrix | Ntfy | Telegram, place: str) -> str:
    if isinstance(way, Matrix):
        return f"{place} at {way.server}"
    return f"{way.server}/{place}" if isinstance(way, Ntfy) else f"Telegram {place}"


@contextmanager
def place_of(context: EstateContext, *, watch: bool) -> Iterator[Place]:
    """Yield the operations host, or the vault that watches it."""
    notify = notify_of(context)
    if not watch:
        yield Place("the operations host", _api(context), notify)
        return
    with watch_api(context) as api:
        if notify.operations_watch:
            yield Place(api.name, api, channels_of_watch(notify, notify.operations_watch))


def send_tests(
    context: EstateContext,
    place: Place,
    municipality: str,
    severity: Severity,
    progress: Progress,
) -> Iterator[Delivery]:
    """Send a test through each channel that takes such alerts; yield what became of it."""
    channels = {channel.id: channel for channel in place.notify.channels}
    for name in channels_of(place.notify, municipality, severity):
        with progress.stage(f"test {name}"):
            problem = _send(context, place, channels[name], municipality, severity)
        yield Delivery(name, destination(context, channels[name], municipality), problem)


def _api(context: EstateContext) -> Asked:
    try:
        return apis(context)[1]
    except ApiError as error:
        raise CommandError(f"Alertmanager does not answer: {error}", Exit.COULD_NOT_CHECK) from None


def _send(
    context: EstateContext, place: Place, channel: Channel, municipality: str, severity: Severity
) -> str:
    """Send one test; return why it was not taken, or nothing."""
    if not recipients(context.estate, channel, municipality):
        return "it leads to nobody"
    now = datetime.now(UTC)
    labels = {
        **{"alertname": TEST, "severity": severity.value, "municipality": municipality},
        **{"channel": channel.id, "test": f"{now:%Y%m%dT%H%M%S.%f}"},
    }
    summary = (
        f"This is a test of the channel {channel.id}. Nothing is wrong, nothing is to be done."
    )
    receivers = _receivers(context, place.notify, channel, municipality)
    try:
        before = _tried(place, channel)
        prometheus.send_alert(place.api, labels, {"summary": summary}, now + LASTS)
        return _outcome(place, channel, before, receivers)
    except ApiError as error:
        raise CommandError(
            f"Alertmanager does not answer: {error}; is {place.name} up?",
            Exit.COULD_NOT_CHECK,
        ) from None


def _receivers(context: EstateContext, notify: Notify, channel: Channel, municipality: str) -> int:
    """Return how many messages Alertmanager sends by a channel of a municipality's alert."""
    named = takers(notify, channel, addresses(context.estate))
    mine = (channel.id, f"{channel.id}/{municipality}")
    return sum(max(1, len(taker.addresses)) for taker in named if taker.receiver in mine)


def _outcome(place: Place, channel: Channel, before: tuple[int, int], receivers: int) -> str:
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline:
        tried, failed = (
            now - then for now, then in zip(_tried(place, channel), before, strict=True)
        )
        if failed:
            bridged = place.notify.is_bridged(channel)
            unit = "bastide-bridge" if bridged else "prometheus-alertmanager"
            return f"not delivered; see `journalctl -u {unit}` on {place.name}"
        if tried >= receivers:
            return ""
        time.sleep(POLL_SECONDS)
    return (
        f"Alertmanager has not sent it in {WAIT_SECONDS:g} s; does it have this estate's "
        "configuration? (`bastide up`)"
    )


def _tried(place: Place, channel: Channel) -> tuple[int, int]:
    own_mail = channel.mail and not place.notify.is_bridged(channel)
    kind = "email" if own_mail else "webhook"
    return prometheus.notification_requests(place.api).get(kind, (0, 0))
