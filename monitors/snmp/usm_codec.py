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
from monitors.snmp.exchange import Request, Response
from monitors.snmp.transport import Transport
from monitors.snmp.wire import pdu, usm_keys, usm_message
from monitors.snmp.wire.usm_message import WINDOW_SECONDS, Moment

HINT = "compare user, keys and protocols with the inventory's snmp section"
NOBODY = Moment(b"", 0, 0)


@dataclass(slots=True)
class SnmpEngine:
    """What is known of an agent's engine: its id, and its clock against ours."""

    id: bytes
    boots: int
    time: int
    read_at: float

    def now(self) -> Moment:
        """The engine's moment by our clock."""
        return Moment(self.id, self.boots, self.time + int(time.monotonic() - self.read_at))

    def update(self, moment: Moment) -> None:
        """Take over the clock of a signed message.

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
    """The engines of all agents that were reached, and the salt of all messages sent to them."""

    def __init__(self) -> None:
        """Start with none."""
        self.by_address: dict[tuple[str, int], SnmpEngine] = {}
        self._salt = int.from_bytes(os.urandom(usm_message.SALT), "big")

    def salt(self) -> bytes:
        """Return eight octets that no other message has (RFC 3826, 3.1.2.1)."""
        self._salt = (self._salt + 1) % 2 ** (8 * usm_message.SALT)
        return self._salt.to_bytes(usm_message.SALT, "big")


class UsmCodec:
    """SNMPv3 with one agent; see ``exchange.Codec``."""

    def __init__(
        self, transport: Transport, agent: Agent, engines: Engines, seconds: float, attempts: int
    ) -> None:
        """Prepare; nothing is sent before ``discover``."""
        assert isinstance(agent.credentials, User)  # noqa: S101 - the client looked
        self._transport, self._agent, self._engines = transport, agent, engines
        self._user = agent.credentials
        self._seconds, self._attempts = seconds, attempts
        self._address = (agent.address, agent.port)

    async def discover(self) -> None:
        """Learn the engine's id and clock, once for all sessions (RFC 3414, 4).

        Raises SnmpError.
        """
        if self._address in self._engines.by_address:
            self._prepare(self._engines.by_address[self._address])
            return
        failure: SnmpError = NoAnswerError(f"{self._agent}: never asked")
        for _ in range(self._attempts):
            number = self._transport.number()
            request = usm_message.encode_clear(number, NOBODY, pdu.request(pdu.GET, number, ()))
            try:
                self._transport.send(self._agent, number, request)
                data = await self._transport.response(number, self._seconds)
                moment = usm_message.decode_header(data).moment
            except (NoAnswerError, BadAnswerError) as error:
                failure = error
                continue
            finally:
                self._transport.forget(number)
            if not moment.engine:
                raise BadAnswerError(f"{self._agent}: an SNMPv3 answer without an engine id")
            # In a thread: milliseconds of hashing that no other device waits for.
            await asyncio.to_thread(usm_keys.localized, self._user, moment.engine)
            engine = SnmpEngine(moment.engine, moment.boots, moment.time, time.monotonic())
            self._engines.by_address[self._address] = engine
            self._prepare(engine)
            return
        raise failure

    def _prepare(self, engine: SnmpEngine) -> None:
        self._engine, self._keys = engine, usm_keys.localized(self._user, engine.id)
        self._sealer = usm_message.Sealer(engine.id, self._keys)

    def encode(self, number: int, request: Request) -> bytes:
        """See ``exchange.Codec``."""
        kind, oids, status, position = request
        content = pdu.request(kind, number, oids, status, position)
        now = self._engine.now()
        return self._sealer.seal(number, now.boots, now.time, content, self._engines.salt())

    def decode(self, data: bytes) -> Response:
        """See ``exchange.Codec``."""
        try:
            return self._response(data)
        except RefusedError as error:
            # Keys made for another engine are refused too: other hardware at the old address.
            self._engines.by_address.pop(self._address, None)
            raise RefusedError(f"{self._agent}: {error}; {HINT}") from error

    def _response(self, data: bytes) -> Response:
        header = usm_message.decode_header(data)
        if not header.flags & usm_message.AUTHENTICATED:
            raise RefusedError(
                _explain(usm_message.reported_statistic(data, usm_message.clear_pdu(header, data)))
            )
        usm_message.verify(header, data, self._keys)
        self._engine.update(header.moment)
        if header.flags & usm_message.ENCRYPTED:
            plain, answer = usm_message.decrypt(header, data, self._keys)
        else:
            plain, answer = data, usm_message.clear_pdu(header, data)
        statistic = usm_message.reported_statistic(plain, answer)
        if statistic is not None:
            # Signed, so the clock in it was taken over: the next attempt will be in time.
            raise BadAnswerError(_explain(statistic))
        return Response(plain, answer, len(data))


def _explain(statistic: int | None) -> str:
    if statistic is None:
        return "an answer in clear to an encrypted request"
    return usm_message.REPORTS.get(statistic, f"the agent refuses with report {statistic}")
