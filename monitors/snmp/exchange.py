"""Requests to one agent and their responses, whatever the version: retries, several at once."""

import time
from collections.abc import Sequence
from typing import NamedTuple, Protocol

from monitors.snmp.client import (
    Agent,
    BadAnswerError,
    Community,
    NoAnswerError,
    RefusedError,
    SnmpError,
)
from monitors.snmp.transport import Transport
from monitors.snmp.wire import community_message, pdu

LEAST_SECONDS = 1.0
TIMES_SLOWEST = 4


class Request(NamedTuple):
    """A PDU to send; the numbers are as in ``wire.pdu``."""

    kind: int
    oids: Sequence[bytes]
    status: int = 0
    position: int = 0


class Response(NamedTuple):
    """A response: the octets that its bindings lie in, its head, and the datagram's size."""

    data: bytes
    pdu: pdu.Pdu
    size: int


class Codec(Protocol):
    """Makes messages of requests and takes responses apart, for one agent and version."""

    def encode(self, number: int, request: Request) -> bytes:
        """The message that carries a request."""
        ...

    def decode(self, data: bytes) -> Response:
        """The response in a datagram; raises SnmpError."""
        ...


class Exchange:
    """Requests to one agent; see the module.

    An agent that answers is waited for as long as its answers take, a second at least (RFC 8085,
    3.1.1; RFC 6298, 2.4). What is sent again carries the same number (RFC 3416, 4.1), so that an
    answer to what was sent before counts, too.
    """

    def __init__(
        self, transport: Transport, agent: Agent, codec: Codec, seconds: float, attempts: int
    ) -> None:
        """Each request waits ``seconds`` at most, longer each of ``attempts`` times."""
        self._transport, self._agent, self._codec = transport, agent, codec
        self._seconds, self._attempts = seconds, attempts
        self._slowest = 0.0

    async def request(self, request: Request, attempts: int = 0) -> Response:
        """Send, again if need be: ``attempts`` times (0: as often as usual). Raises SnmpError."""
        response = (await self.each([request], attempts))[0]
        if isinstance(response, SnmpError):
            raise response
        return response

    async def request_all(self, requests: Sequence[Request]) -> list[Response | SnmpError]:
        """Send all at once, each one time; see ``each``."""
        return await self.each(requests, 1)

    async def each(
        self, requests: Sequence[Request], attempts: int = 0
    ) -> list[Response | SnmpError]:
        """Send all at once, those that get no answer again; the responses in their order.

        Raises RefusedError: that is of the agent, not of one request.
        """
        numbers = self._transport.numbers(len(requests))
        responses: dict[int, Response | SnmpError] = {}
        left, patience = list(range(len(requests))), 1
        try:
            for _ in range(attempts or self._attempts):
                sent = [(numbers[at], requests[at]) for at in left]
                responses |= zip(left, await self._round(sent, patience), strict=True)
                left = [at for at in left if isinstance(responses[at], SnmpError)]
                if not left:
                    break
                # Longer each time: some devices need seconds while they are busy. Where others
                # answered, or any did before, in time, the device is not slow.
                unheard = len(left) == len(requests) and not self._slowest
                patience = patience + 1 if unheard else 1
            return [responses[at] for at in range(len(requests))]
        finally:
            for number in numbers:
                self._transport.forget(number)

    async def _round(
        self, requests: Sequence[tuple[int, Request]], patience: int
    ) -> list[Response | SnmpError]:
        begun, seconds = time.monotonic(), patience * self._wait()
        try:
            for number, request in requests:
                message = self._codec.encode(number, request)
                self._transport.send(self._agent, number, message)
        except NoAnswerError as error:
            return [error for _ in requests]
        responses = [await self._response(number, seconds) for number, _ in requests]
        if not any(isinstance(response, NoAnswerError) for response in responses):
            self._slowest = max(self._slowest, time.monotonic() - begun)
        return responses

    def _wait(self) -> float:
        """Seconds that an answer is waited for."""
        if not self._slowest:
            return self._seconds
        return min(self._seconds, max(LEAST_SECONDS, TIMES_SLOWEST * self._slowest))

    async def _response(self, number: int, seconds: float) -> Response | SnmpError:
        try:
            return self._codec.decode(await self._transport.response(number, seconds))
        except RefusedError:
            raise
        except NoAnswerError as error:
            return error
        except SnmpError as error:
            return BadAnswerError(f"{self._agent}: {error}")


class CommunityCodec:
    """SNMPv1 and v2c; see ``Codec``."""

    def __init__(self, credentials: Community) -> None:
        """The community that goes with each message."""
        self._version, self._community = credentials.version, credentials.community.encode()

    def encode(self, number: int, request: Request) -> bytes:
        """See ``Codec``."""
        kind, oids, status, position = request
        content = pdu.request(kind, number, oids, status, position)
        return community_message.encode(self._version, self._community, content)

    def decode(self, data: bytes) -> Response:
        """See ``Codec``."""
        return Response(data, community_message.decode(data).pdu, len(data))
