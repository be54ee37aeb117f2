"""Requests to one agent and their responses, whatever the version: retries, several at once."""

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
    """Requests to one agent; see the module."""

    def __init__(
        self, transport: Transport, agent: Agent, codec: Codec, seconds: float, attempts: int
    ) -> None:
        """Each request waits ``seconds``, longer each of ``attempts`` times."""
        self._transport, self._agent, self._codec = transport, agent, codec
        self._seconds, self._attempts = seconds, attempts

    async def request(self, request: Request, attempts: int = 0) -> Response:
        """Send, again if need be: ``attempts`` times (0: as often as usual). Raises SnmpError."""
        failure: SnmpError = NoAnswerError(f"{self._agent}: never asked")
        for attempt in range(attempts or self._attempts):
            # Longer each time: some devices need seconds while they are busy.
            response = (await self.request_all([request], patience=attempt + 1))[0]
            if not isinstance(response, SnmpError):
                return response
            failure = response
        raise failure

    async def request_all(
        self, requests: Sequence[Request], patience: int = 1
    ) -> list[Response | SnmpError]:
        """Send all at once, each one time; the responses in their order.

        Each is waited for ``patience`` times as long as usual.

        Raises RefusedError: that is of the agent, not of one request.
        """
        numbers: list[int] = []
        try:
            for request in requests:
                number = self._transport.number()
                numbers.append(number)
                message = self._codec.encode(number, request)
                self._transport.send(self._agent, number, message)
            seconds = patience * self._seconds
            return [await self._response(number, seconds) for number in numbers]
        except NoAnswerError as error:
            return [error for _ in requests]
        finally:
            for number in numbers:
                self._transport.forget(number)

    async def each(self, requests: Sequence[Request]) -> list[Response | SnmpError]:
        """Send all at once, those that get no answer again; the responses in their order."""
        responses: dict[int, Response | SnmpError] = {}
        left, patience = list(range(len(requests))), 1
        for _ in range(self._attempts):
            answers = await self.request_all([requests[at] for at in left], patience)
            responses |= zip(left, answers, strict=True)
            left = [at for at in left if isinstance(responses[at], SnmpError)]
            if not left:
                break
            # Where others answered in time the device is not slow.
            patience = 2 if len(left) == len(requests) else 1
        return [responses[at] for at in range(len(requests))]

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
