"""SNMPv3 authPriv: engines, clocks and keys (RFC 3414, 3 and 4)."""

import asyncio
import os
import time
from dataclasses import dataclass

from monitors.snmp.client import (
    Agent,
    BadAnswerError,
    NoAnswerError,
    RefusedError,
    SnmpError,
    User,
)
from monitors.snmp.exchange import Answer, Question
from monitors.snmp.transport import Transport
from monitors.snmp.wire import pdu, usm_keys, usm_message
from monitors.snmp.wire.usm_message import Moment

# RFC 3414, 2.2.3: how far a message may be from the engine's own clock.
WINDOW_SECONDS = 150
HINT = "compare user, keys and protocols with the inventory's snmp section"
NOBODY = Moment(b"", 0, 0)


@dataclass(slots=True)
class Engine:
    """What is known of an agent's engine: its id, and its clock against ours."""

    id: bytes
    boots: int
    time: int
    read_at: float

    def now(self) -> Moment:
        """The engine's moment by our clock."""
        return Moment(self.id, self.boots, self.time + int(time.monotonic() - self.read_at))

    def heard(self, moment: Moment) -> None:
        """Take over a clock that a signed message told.

        Raises RefusedError for one that is older than the time window: a replay.
        """
        now = self.now()
        ahead = (moment.boots, moment.time) > (now.boots, now.time)
        if moment.boots < now.boots or (
            moment.boots == now.boots and moment.time < now.time - WINDOW_SECONDS
        ):
            raise RefusedError("an answer from the past; is it replayed?")
        if ahead:
            self.boots, self.time, self.read_at = moment.boots, moment.time, time.monotonic()


class Engines:
    """The engines of all agents that were met, and the salt of all messages sent to them."""

    def __init__(self) -> None:
        """Start with none known."""
        self.known: dict[tuple[str, int], Engine] = {}
        self._salt = int.from_bytes(os.urandom(usm_message.SALT), "big")

    def salt(self) -> bytes:
        """Return eight octets that no other message has (RFC 3826, 3.1.2.1)."""
        self._salt = (self._salt + 1) % 2 ** (8 * usm_message.SALT)
        return self._salt.to_bytes(usm_message.SALT, "big")


class Secured:
    """SNMPv3 with one agent; see ``exchange.Codec``."""

    def __init__(
        self, transport: Transport, agent: Agent, engines: Engines, seconds: float, attempts: int
    ) -> None:
        """Prepare; nothing is sent before ``greet``."""
        assert isinstance(agent.credentials, User)  # noqa: S101 - the client looked
        self._transport, self._agent, self._engines = transport, agent, engines
        self._user = agent.credentials
        self._seconds, self._attempts = seconds, attempts
        self._place = (agent.address, agent.port)

    async def greet(self) -> None:
        """Learn the engine's id and clock, once for all sessions (RFC 3414, 4).

        Raises SnmpError.
        """
        if self._place in self._engines.known:
            self._prepare(self._engines.known[self._place])
            return
        failure: SnmpError = NoAnswerError(f"{self._agent}: never asked")
        for _ in range(self._attempts):
            number = self._transport.number()
            question = usm_message.encode_clear(number, NOBODY, pdu.request(pdu.GET, number, ()))
            try:
                self._transport.send(self._agent, number, question)
                data = await self._transport.answer(number, self._seconds)
                moment = usm_message.header(data).moment
            except (NoAnswerError, BadAnswerError) as error:
                failure = error
                continue
            finally:
                self._transport.forget(number)
            if not moment.engine:
                raise BadAnswerError(f"{self._agent}: an SNMPv3 answer without an engine id")
            # In a thread: milliseconds of hashing that no other device waits for.
            await asyncio.to_thread(usm_keys.localized, self._user, moment.engine)
            engine = Engine(moment.engine, moment.boots, moment.time, time.monotonic())
            self._engines.known[self._place] = engine
            self._prepare(engine)
            return
        raise failure

    def _prepare(self, engine: Engine) -> None:
        self._engine, self._keys = engine, usm_keys.localized(self._user, engine.id)
        self._sealer = usm_message.Sealer(engine.id, self._keys)

    def encode(self, number: int, question: Question) -> bytes:
        """See ``exchange.Codec``."""
        kind, oids, status, position = question
        content = pdu.request(kind, number, oids, status, position)
        now = self._engine.now()
        return self._sealer.seal(number, now.boots, now.time, content, self._engines.salt())

    def decode(self, data: bytes) -> Answer:
        """See ``exchange.Codec``."""
        try:
            return self._opened(data)
        except RefusedError as error:
            # Keys made for another engine are refused too: other hardware at the old address.
            self._engines.known.pop(self._place, None)
            raise RefusedError(f"{self._agent}: {error}; {HINT}") from error

    def _opened(self, data: bytes) -> Answer:
        found = usm_message.header(data)
        if not found.flags & usm_message.AUTHENTICATED:
            raise RefusedError(_told(usm_message.report(data, usm_message.content_of(found, data))))
        usm_message.check(found, data, self._keys)
        self._engine.heard(found.moment)
        if found.flags & usm_message.ENCRYPTED:
            plain, answer = usm_message.opened(found, data, self._keys)
        else:
            plain, answer = data, usm_message.content_of(found, data)
        told = usm_message.report(plain, answer)
        if told is not None:
            # Signed, so the clock in it was taken over: the next attempt will be in time.
            raise BadAnswerError(_told(told))
        return Answer(plain, answer, len(data))


def _told(report: int | None) -> str:
    if report is None:
        return "an answer in clear to an encrypted question"
    return usm_message.REPORTS.get(report, f"the agent refuses with report {report}")
