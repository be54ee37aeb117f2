"""A conversation with one agent, in any version: requests, retries, and agents' oddities."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from monitors.snmp.client import (
    Agent,
    BadAnswerError,
    Binding,
    BulkResponse,
    Community,
    Missing,
    NoAnswerError,
    Raw,
    RefusedError,
    SnmpError,
    TooBigError,
    WireBinding,
    why_no_use,
)
from monitors.snmp.exchange import Codec, CommunityCodec, Exchange, Request, Response
from monitors.snmp.transport import Transport
from monitors.snmp.usm_codec import Engines, UsmCodec
from monitors.snmp.wire import community_message, pdu, values

ATTEMPT_SECONDS = 1.5
ATTEMPTS = 2
# Questions in flight to one agent, where there are many to ask.
MOST_AT_ONCE = 4
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
            codec = CommunityCodec(agent.credentials)
            bulk = agent.credentials.version != community_message.V1
        else:
            codec = UsmCodec(self._transport, agent, self._engines, self._seconds, self._attempts)
            await codec.discover()
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
        self._has_answered = False
        self._most_oids, self._window = MOST_OIDS, MOST_AT_ONCE
        self.failed: dict[bytes, str] = {}

    async def get(self, oids: Sequence[bytes]) -> dict[bytes, Raw]:
        """See ``client.Session``."""
        received = dict(await self._all(pdu.GET, oids))
        present = (o for o in oids if not isinstance(received.get(o, Missing.END), Missing))
        return {o: received[o] for o in present}

    async def next(self, oids: Sequence[bytes]) -> list[Binding]:
        """See ``client.Session``."""
        return await self._all(pdu.NEXT, oids)

    async def _all(self, kind: int, oids: Sequence[bytes]) -> list[Binding]:
        bindings: list[WireBinding] = []
        while left := oids[len(bindings) :]:
            bindings += await self._some(kind, left)
        return [(binding.oid, _value(binding)) for binding in bindings]

    async def _some(self, kind: int, oids: Sequence[bytes]) -> list[WireBinding]:
        """Ask for the first of many OIDs, several questions at once: at least one of them."""
        most = self._most_oids
        chunks = [list(oids[at : at + most]) for at in range(0, len(oids), most)][: self._window]
        if len(chunks) == 1 or not self._has_answered:
            return await self._few(kind, chunks[0])
        bindings: list[WireBinding] = []
        requests = [Request(kind, chunk) for chunk in chunks]
        for chunk, response in zip(chunks, await self._exchange.request_all(requests), strict=True):
            try:
                if isinstance(response, SnmpError):
                    raise response
                bindings += self._bindings(response, len(chunk))
            except RefusedError:
                raise
            except SnmpError as error:
                if isinstance(error, NoAnswerError):
                    # Several at once may be too much for it; the next poll tries them again.
                    self._window = 1
                return bindings or await self._few(kind, chunk)
        return bindings

    async def bulk(self, oids: Sequence[bytes], repetitions: int) -> BulkResponse:
        """See ``client.Session``."""
        if not self._has_bulk:
            following = await self._few(pdu.NEXT, [*oids], apart=False)
            octets = b"".join(pdu.binding(*binding) for binding in following)
            return BulkResponse(octets, 0, len(octets), 0)
        return self._bulk(await self._exchange.request(Request(pdu.BULK, oids, 0, repetitions)))

    async def next_apart(self, oids: Sequence[bytes]) -> list[WireBinding | SnmpError]:
        """See ``client.Session``."""
        return await self._apart(pdu.NEXT, oids)

    async def bulk_all(
        self, requests: Sequence[tuple[Sequence[bytes], int]]
    ) -> list[BulkResponse | SnmpError]:
        """See ``client.Session``."""
        if not self._has_bulk:
            return [BadAnswerError(f"{self._agent}: SNMPv1 has no GETBULK")] * len(requests)
        responses = await self._exchange.request_all(
            [Request(pdu.BULK, oids, 0, rows) for oids, rows in requests]
        )
        return [self._bulk_or_error(response) for response in responses]

    async def wire_bindings(self, oid: bytes, repetitions: int) -> list[WireBinding]:
        """See ``client.Session``."""
        kind, most = (pdu.BULK, repetitions) if self._has_bulk else (pdu.NEXT, 0)
        response = await self._exchange.request(Request(kind, [oid], 0, most))
        if response.pdu.status == pdu.NO_SUCH_NAME:
            return []
        bulk = self._bulk(response)
        bindings = pdu.wire_bindings(bulk.data, bulk.start, bulk.end)
        return [binding for binding in bindings if binding.tag != Missing.END.value]

    def _bulk_or_error(self, response: Response | SnmpError) -> BulkResponse | SnmpError:
        try:
            return response if isinstance(response, SnmpError) else self._bulk(response)
        except SnmpError as error:
            return error

    def _bulk(self, response: Response) -> BulkResponse:
        self._check(response.pdu)
        head = response.pdu
        return BulkResponse(response.data, head.start, head.end, response.size)

    async def _few(
        self, kind: int, oids: list[bytes], *, apart: bool = True, attempts: int = 0
    ) -> list[WireBinding]:
        """Ask for a few OIDs, one answer each; those that an agent stumbles over become END.

        SNMPv1 agents, and odd ones of v2c, refuse a whole request for one OID that they lack.
        ``apart``: those of a request without an answer of use are asked for one by one.
        """
        left = list(range(len(oids)))
        while left:
            try:
                request = Request(kind, [oids[i] for i in left])
                response = await self._exchange.request(request, attempts)
                status, position = response.pdu.status, response.pdu.position
                if status == pdu.NO_SUCH_NAME and 0 < position <= len(left):
                    left.pop(position - 1)
                    continue
                by_position = dict(zip(left, self._bindings(response, len(left)), strict=True))
            except RefusedError:
                raise
            except SnmpError as error:
                if len(oids) == 1 or not apart:
                    raise
                if isinstance(error, TooBigError):
                    half = self._most_oids = len(oids) // 2
                    return await self._few(kind, oids[:half]) + await self._few(kind, oids[half:])
                return await self._one_by_one(kind, oids, error)
            self._has_answered = True
            return [by_position.get(i) or _end(oids[i]) for i in range(len(oids))]
        return [_end(oid) for oid in oids]

    async def _one_by_one(
        self, kind: int, oids: list[bytes], failure: SnmpError
    ) -> list[WireBinding]:
        """Ask for each OID alone, since together they get no answer of use.

        Raises that failure when none of them gets one.
        """
        if not self._has_answered and isinstance(failure, NoAnswerError):
            # A device that is not there costs one more question, not one for each.
            await self._few(kind, oids[:1], attempts=1)
        answers = await self._apart(kind, oids)
        if all(isinstance(answer, SnmpError) for answer in answers):
            raise failure
        self._has_answered = True
        if not any(isinstance(answer, SnmpError) for answer in answers):
            # So many are too much at once.
            self._most_oids = max(1, len(oids) // 2)
        bindings = []
        for oid, answer in zip(oids, answers, strict=True):
            if isinstance(answer, SnmpError):
                self.failed[oid] = why_no_use(answer)
            bindings.append(_end(oid) if isinstance(answer, SnmpError) else answer)
        return bindings

    async def _apart(self, kind: int, oids: Sequence[bytes]) -> list[WireBinding | SnmpError]:
        answers: list[WireBinding | SnmpError] = []
        responses = await self._exchange.each([Request(kind, [oid]) for oid in oids])
        for oid, response in zip(oids, responses, strict=True):
            try:
                if isinstance(response, SnmpError):
                    answers.append(response)
                elif response.pdu.status == pdu.NO_SUCH_NAME:
                    answers.append(_end(oid))
                else:
                    answers += self._bindings(response, 1)
            except SnmpError as error:
                answers.append(error)
        return answers

    def _bindings(self, response: Response, count: int) -> list[WireBinding]:
        """The bindings of a response to so many questions. Raises SnmpError."""
        self._check(response.pdu)
        bindings = pdu.wire_bindings(response.data, response.pdu.start, response.pdu.end)
        if len(bindings) != count:
            raise BadAnswerError(f"{self._agent}: {len(bindings)} answers to {count} questions")
        return bindings

    def _check(self, head: pdu.Pdu) -> None:
        if head.kind != pdu.RESPONSE:
            raise BadAnswerError(f"{self._agent}: expected a response, found {head.kind:#04x}")
        if head.status == pdu.TOO_BIG:
            raise TooBigError(f"{self._agent}: the answer would be too big for the agent")
        if head.status:
            raise BadAnswerError(f"{self._agent}: the agent says {pdu.error_name(head.status)}")


def _value(binding: WireBinding) -> Raw:
    """The value; none for one of a type that nobody knows: the others of the response count."""
    try:
        return values.decode(binding.tag, binding.content)
    except BadAnswerError:
        return Missing.INSTANCE


def _end(oid: bytes) -> WireBinding:
    return WireBinding(oid, Missing.END.value, b"")
