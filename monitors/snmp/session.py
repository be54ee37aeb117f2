"""A conversation with one agent, in any version: requests, retries, and agents' oddities."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from monitors.snmp.client import (
    Agent,
    BadAnswerError,
    Binding,
    Community,
    Missing,
    NoAnswerError,
    Page,
    Raw,
    SnmpError,
    TooBigError,
    Typed,
)
from monitors.snmp.exchange import Answer, Codec, Exchange, Plain, Question
from monitors.snmp.transport import Transport
from monitors.snmp.usm_codec import Engines, Secured
from monitors.snmp.wire import community_message, pdu, values

ATTEMPT_SECONDS = 1.5
ATTEMPTS = 2
# Agents with little memory refuse long questions.
MOST_OIDS = 16


class NetworkClient:
    """Opens sessions over UDP; remembers engines and keys between them. One event loop."""

    def __init__(self, attempt_seconds: float = ATTEMPT_SECONDS, attempts: int = ATTEMPTS) -> None:
        """Each request waits ``attempt_seconds``, and is sent ``attempts`` times at most."""
        self._seconds, self._attempts = attempt_seconds, attempts
        self._transport = Transport()
        self._engines = Engines()

    @asynccontextmanager
    async def session(self, agent: Agent) -> AsyncIterator["AgentSession"]:
        """Open a session: nothing is sent, unless SNMPv3 does not know the engine yet.

        Raises SnmpError.
        """
        codec: Codec
        bulk = True
        if isinstance(agent.credentials, Community):
            codec = Plain(agent.credentials)
            bulk = agent.credentials.version != community_message.V1
        else:
            codec = Secured(self._transport, agent, self._engines, self._seconds, self._attempts)
            await codec.greet()
        exchange = Exchange(self._transport, agent, codec, self._seconds, self._attempts)
        yield AgentSession(agent, exchange, bulk=bulk)

    def close(self) -> None:
        """Close the sockets."""
        self._transport.close()


class AgentSession:
    """Requests over an exchange; see ``client.Session``."""

    def __init__(self, agent: Agent, exchange: Exchange, *, bulk: bool) -> None:
        """``bulk``: whether the agent's version has GETBULK."""
        self._agent, self._exchange, self._has_bulk = agent, exchange, bulk
        self._heard = False

    async def get(self, oids: Sequence[bytes]) -> dict[bytes, Raw]:
        """See ``client.Session``."""
        found = dict(await self._all(pdu.GET, oids))
        return {o: found[o] for o in oids if not isinstance(found.get(o, Missing.END), Missing)}

    async def next(self, oids: Sequence[bytes]) -> list[Binding]:
        """See ``client.Session``."""
        return await self._all(pdu.NEXT, oids)

    async def _all(self, kind: int, oids: Sequence[bytes]) -> list[Binding]:
        found: list[Typed] = []
        for start in range(0, len(oids), MOST_OIDS):
            found += await self._some(kind, list(oids[start : start + MOST_OIDS]))
        return [(binding.oid, _value(binding)) for binding in found]

    async def bulk(self, oids: Sequence[bytes], repetitions: int) -> Page:
        """See ``client.Session``."""
        if not self._has_bulk:
            octets = b"".join(pdu.binding(*found) for found in await self._some(pdu.NEXT, [*oids]))
            return Page(octets, 0, len(octets), 0)
        return self._page(await self._exchange.one(Question(pdu.BULK, oids, 0, repetitions)))

    async def bulks(
        self, questions: Sequence[tuple[Sequence[bytes], int]]
    ) -> list[Page | SnmpError]:
        """See ``client.Session``."""
        if not self._has_bulk:
            return [BadAnswerError(f"{self._agent}: SNMPv1 has no GETBULK")] * len(questions)
        answers = await self._exchange.many(
            [Question(pdu.BULK, oids, 0, rows) for oids, rows in questions]
        )
        found: list[Page | SnmpError] = []
        for answer in answers:
            try:
                found.append(answer if isinstance(answer, SnmpError) else self._page(answer))
            except SnmpError as error:
                found.append(error)
        return found

    async def typed(self, oid: bytes, repetitions: int) -> list[Typed]:
        """See ``client.Session``."""
        kind, most = (pdu.BULK, repetitions) if self._has_bulk else (pdu.NEXT, 0)
        answer = await self._exchange.one(Question(kind, [oid], 0, most))
        if answer.pdu.status == pdu.NO_SUCH_NAME:
            return []
        page = self._page(answer)
        found = pdu.typed(page.data, page.start, page.end)
        return [binding for binding in found if binding.tag != Missing.END.value]

    def _page(self, answer: Answer) -> Page:
        self._check(answer.pdu)
        return Page(answer.data, answer.pdu.start, answer.pdu.end, answer.size)

    async def _some(self, kind: int, oids: list[bytes]) -> list[Typed]:
        """Ask for a few OIDs, one answer each; those that an agent stumbles over become END.

        SNMPv1 agents, and odd ones of v2c, refuse a whole question for one OID that they lack.
        """
        left = list(range(len(oids)))
        while left:
            try:
                answer = await self._exchange.one(Question(kind, [oids[i] for i in left]))
                status, position = answer.pdu.status, answer.pdu.position
                if status == pdu.NO_SUCH_NAME and 0 < position <= len(left):
                    left.pop(position - 1)
                    continue
                self._check(answer.pdu)
            except (TooBigError, NoAnswerError):
                # A large answer may be what gets lost; a device that never answered is not there.
                if len(oids) == 1 or not self._heard:
                    raise
                half = len(oids) // 2
                return await self._some(kind, oids[:half]) + await self._some(kind, oids[half:])
            self._heard = True
            found = pdu.typed(answer.data, answer.pdu.start, answer.pdu.end)
            if len(found) != len(left):
                raise BadAnswerError(
                    f"{self._agent}: {len(found)} answers to {len(left)} questions"
                )
            answers = dict(zip(left, found, strict=True))
            return [answers.get(i) or _nothing(oids[i]) for i in range(len(oids))]
        return [_nothing(asked) for asked in oids]

    def _check(self, found: pdu.Pdu) -> None:
        if found.kind != pdu.RESPONSE:
            raise BadAnswerError(f"{self._agent}: expected a response, found {found.kind:#04x}")
        if found.status == pdu.TOO_BIG:
            raise TooBigError(f"{self._agent}: the answer would be too big for the agent")
        if found.status:
            raise BadAnswerError(f"{self._agent}: the agent says {pdu.error_name(found.status)}")


def _value(binding: Typed) -> Raw:
    """The value; none for one of a type that nobody knows: the others of the answer count."""
    try:
        return values.decode(binding.tag, binding.content)
    except BadAnswerError:
        return Missing.INSTANCE


def _nothing(oid: bytes) -> Typed:
    return Typed(oid, Missing.END.value, b"")
