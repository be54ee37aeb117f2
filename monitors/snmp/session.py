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
    SnmpError,
    TooBigError,
    WireBinding,
)
from monitors.snmp.exchange import Codec, CommunityCodec, Exchange, Request, Response
from monitors.snmp.transport import Transport
from monitors.snmp.usm_codec import Engines, UsmCodec
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
        for start in range(0, len(oids), MOST_OIDS):
            bindings += await self._few(kind, list(oids[start : start + MOST_OIDS]))
        return [(binding.oid, _value(binding)) for binding in bindings]

    async def bulk(self, oids: Sequence[bytes], repetitions: int) -> BulkResponse:
        """See ``client.Session``."""
        if not self._has_bulk:
            following = await self._few(pdu.NEXT, [*oids])
            octets = b"".join(pdu.binding(*binding) for binding in following)
            return BulkResponse(octets, 0, len(octets), 0)
        return self._bulk(await self._exchange.request(Request(pdu.BULK, oids, 0, repetitions)))

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

    async def _few(self, kind: int, oids: list[bytes]) -> list[WireBinding]:
        """Ask for a few OIDs, one answer each; those that an agent stumbles over become END.

        SNMPv1 agents, and odd ones of v2c, refuse a whole request for one OID that they lack.
        """
        left = list(range(len(oids)))
        while left:
            try:
                response = await self._exchange.request(Request(kind, [oids[i] for i in left]))
                status, position = response.pdu.status, response.pdu.position
                if status == pdu.NO_SUCH_NAME and 0 < position <= len(left):
                    left.pop(position - 1)
                    continue
                self._check(response.pdu)
            except (TooBigError, NoAnswerError):
                # A large answer may be what gets lost; a device that never answered is not there.
                if len(oids) == 1 or not self._has_answered:
                    raise
                half = len(oids) // 2
                return await self._few(kind, oids[:half]) + await self._few(kind, oids[half:])
            self._has_answered = True
            bindings = pdu.wire_bindings(response.data, response.pdu.start, response.pdu.end)
            if len(bindings) != len(left):
                raise BadAnswerError(
                    f"{self._agent}: {len(bindings)} answers to {len(left)} questions"
                )
            by_position = dict(zip(left, bindings, strict=True))
            return [by_position.get(i) or _end(oids[i]) for i in range(len(oids))]
        return [_end(oid) for oid in oids]

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
