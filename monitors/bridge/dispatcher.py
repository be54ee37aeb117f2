"""A message through a channel, or through the one that stands in for it; each time counted."""

import logging
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from threading import Lock

from prometheus_client import CollectorRegistry, Counter, Gauge

from inventory.model.channels import Channel, Mail, Sms, Webhook
from inventory.model.estate import Estate
from monitors.bridge import gateway, mail, spool, webhook
from monitors.bridge.attempts import Attempts
from monitors.bridge.deliveries import Deliveries, Delivery
from monitors.bridge.failing import ANY, Failing
from monitors.bridge.mail_text import mail_text
from monitors.bridge.message import Message
from monitors.bridge.recipients import recipients
from monitors.bridge.services import send_chat
from monitors.bridge.wording import line, text

log = logging.getLogger(__name__)

# So long Alertmanager's next attempts are waited for; then another channel is told.
PATIENCE_SECONDS = 55.0
# For all recipients of a message: behind a dead server the rest waits for the next attempt.
LONGEST_SECONDS = 30.0
DELIVERED, FAILED = "delivered", "failed"


class Dispatcher:
    """Delivers messages by the bridged channels of an estate.

    ``secrets``: the folder with a file for each channel's token, read at each use.
    """

    def __init__(
        self,
        estate: Estate,
        secrets: Path,
        deliveries: Deliveries,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Every channel is counted from the start, so that its first failure is an increase."""
        bridged = estate.notify.bridged if estate.notify else ()
        self.channels = {channel.id: channel for channel in bridged}
        self.registry = CollectorRegistry()
        self._estate, self._secrets, self._deliveries = estate, secrets, deliveries
        self._clock = clock
        self._locks = {name: Lock() for name in self.channels}
        self._attempts = {name: Attempts() for name in self.channels}
        self._failing = Failing(clock)
        self._failed: dict[str, tuple[float, str]] = {}
        self._count = Counter(
            "bastide_notifications",
            "Messages by channel: one a recipient, and each attempt that failed.",
            labelnames=("channel", "outcome"),
            registry=self.registry,
        )
        for name in self.channels:
            for outcome in (DELIVERED, FAILED):
                self._count.labels(name, outcome)
        self._watch_spools()

    def _watch_spools(self) -> None:
        """What lies there is delivered to smstools alone; whether its modem sends it is seen so."""
        waiting = Gauge(
            "bastide_notifications_waiting_seconds",
            "How long the oldest message waits in smstools' folders.",
            labelnames=("channel",),
            registry=self.registry,
        )
        given_up = Gauge(
            "bastide_notifications_given_up",
            "Messages that smstools has given up within an hour.",
            labelnames=("channel",),
            registry=self.registry,
        )
        for name, channel in self.channels.items():
            if channel.sms and channel.sms.spool:
                folder = Path(channel.sms.spool)
                waiting.labels(name).set_function(partial(_now, spool.waiting_seconds, folder))
                given_up.labels(name).set_function(partial(_now, spool.given_up, folder))

    def deliver(self, name: str, message: Message, arrived: float) -> str:
        """Deliver a message by a channel; return why it was not, or nothing.

        ``arrived``: when it came, by the clock. Once a channel has failed for longer than
        ``PATIENCE_SECONDS``, with this message or with all, its fallback is tried as well, and that
        one's. Tests have none.
        """
        problem = self._through(name, message, arrived)
        if not problem:
            self._failing.works(message.key, name)
            return self._end_by_stand_ins(name, message)
        seconds = self._failing.seconds(message.key, name)
        log.warning("%s: %s", name, problem)
        fallback = self.channels[name].fallback
        if fallback is None or message.is_test or seconds < PATIENCE_SECONDS:
            return problem
        return self._instead(name, fallback, message) and problem

    def _instead(self, name: str, fallback: str | None, message: Message) -> str:
        """Deliver by the first of a chain that takes it; return why none does, or nothing."""
        problem = ""
        while fallback is not None:
            problem = self._stand_in(self.channels[fallback], message)
            if not problem:
                log.warning("%s: %s has delivered in its place", name, fallback)
                return ""
            log.warning("%s: %s", fallback, problem)
            fallback = self.channels[fallback].fallback
        return problem

    def _end_by_stand_ins(self, name: str, message: Message) -> str:
        """Tell the end to whom another channel told the beginning; return why not, or nothing."""
        problems, following = [], self.channels[name].fallback
        while following is not None and not message.firing:
            if told := self._deliveries.told(message.group, following):
                problems.append(self._through(following, message, self._clock(), told))
            following = self.channels[following].fallback
        return "; ".join(filter(None, problems))

    def _stand_in(self, channel: Channel, message: Message) -> str:
        if not recipients(self._estate, channel, message.municipality):
            return f"reaches nobody of {message.municipality}"
        return self._through(channel.id, message, self._clock())

    def _through(
        self, name: str, message: Message, arrived: float, whom: tuple[str, ...] | None = None
    ) -> str:
        """Send to all (or to ``whom``) who have not got it; one at a time, so that none overlap.

        What waited while the channel failed has failed with it: behind a dead server nobody waits
        for as many time-outs as there are messages.
        """
        with self._locks[name]:
            when, problem = self._failed.get(name, (-1.0, ""))
            if arrived < when:
                return problem
            channel = self.channels[name]
            problem = self._to_each(channel, message, whom or self._all(channel, message))
            if problem:
                self._failed[name] = (self._clock(), problem)
            return problem

    def _all(self, channel: Channel, message: Message) -> tuple[str, ...]:
        """Return whom it reaches now; of what is over, also whom it told before."""
        now = recipients(self._estate, channel, message.municipality)
        told = () if message.firing else self._deliveries.told(message.group, channel.id)
        return tuple(dict.fromkeys((*now, *told)))

    def _to_each(self, channel: Channel, message: Message, whom: tuple[str, ...]) -> str:
        problems, begun = [], self._clock()
        for recipient in whom:
            delivery = (message.key, channel.id, recipient)
            if self._deliveries.has(delivery, message.severity):
                continue
            send = partial(self._send, channel, message, delivery)
            if not (problem := self._attempts[channel.id].make(send)):
                continue
            self._count.labels(channel.id, FAILED).inc()
            problems.append(problem)
            if self._clock() - begun > LONGEST_SECONDS:
                break
        return "; ".join(dict.fromkeys(problems))

    def _send(self, channel: Channel, message: Message, delivery: Delivery) -> str:
        """Send to one, and note it; that too when nobody waits for it any more."""
        if not (problem := self._tried(channel, message, delivery)):
            self._count.labels(channel.id, DELIVERED).inc()
            self._deliveries.add(delivery)
            note = self._deliveries.add_told if message.firing else self._deliveries.end_told
            note(message.group, *delivery[1:])
            self._failing.works(ANY, channel.id)
        return problem

    def _tried(self, channel: Channel, message: Message, delivery: Delivery) -> str:
        attempt = self._deliveries.attempt(delivery)
        try:
            secret = self._secret(channel) if channel.secret else None
            return self._sent(channel, secret, delivery[2], message, attempt)
        except OSError as error:
            return f"its token cannot be read: {error}; `bastide up` installs it"
        except Exception as error:
            log.exception("%s", channel.id)
            return f"{type(error).__name__} (see the journal)"

    def _sent(
        self, channel: Channel, secret: str | None, recipient: str, message: Message, attempt: str
    ) -> str:
        way = channel.way
        if isinstance(way, Mail):
            return mail.send(way, secret, recipient, mail_text(self._estate, message), attempt)
        if isinstance(way, Webhook):
            return webhook.send(way, secret, message.body)
        if isinstance(way, Sms) and way.gateway:
            return gateway.send(way.gateway, secret, recipient, line(message))
        if isinstance(way, Sms):
            return spool.put(Path(way.spool or ""), recipient, line(message), attempt)
        return send_chat(way, recipient, secret, text(message), message, attempt)

    def _secret(self, channel: Channel) -> str:
        return (self._secrets / channel.id).read_text(encoding="utf-8").strip()


def _now(measure: Callable[[Path, float], float], folder: Path) -> float:
    return measure(folder, time.time())
