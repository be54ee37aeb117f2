"""Questions to one agent and their answers, whatever the version: retries, several at once."""

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


class Question(NamedTuple):
    """A PDU to send; the numbers are as in ``wire.pdu``."""

    kind: int
    oids: Sequence[bytes]
    status: int = 0
    position: int = 0


class Answer(NamedTuple):
    """A response: the octets that its bindings lie in, its head, and the datagram's size."""

    data: bytes
    pdu: pdu.Pdu
    size: int


class Codec(Protocol):
    """Makes messages of questions and takes answers apart, for one agent and version."""

    def encode(self, number: int, question: Question) -> bytes:
        """The message that carries a question."""
        ...

    def decode(self, data: bytes) -> Answer:
        """The answer in a datagram; raises SnmpError."""
        ...


class Exchange:
    """Asks one agent; see the module."""

    def __init__(
        self, transport: Transport, agent: Agent, codec: Codec, seconds: float, attempts: int
    ) -> None:
        """Each question waits ``seconds``, longer each of ``attempts`` times."""
        self._transport, self._agent, self._codec = transport, agent, codec
        self._seconds, self._attempts = seconds, attempts

    async def one(self, question: Question) -> Answer:
        """Ask, again if need be. Raises SnmpError."""
        failure: SnmpError = NoAnswerError(f"{self._agent}: never asked")
        for attempt in range(self._attempts):
            # Longer each time: some devices need seconds while they are busy.
            found = (await self.many([question], patience=attempt + 1))[0]
            if not isinstance(found, SnmpError):
                return found
            failure = found
        raise failure

    async def many(
        self, questions: Sequence[Question], patience: int = 1
    ) -> list[Answer | SnmpError]:
        """Ask all at once, each one time; the answers in their order.

        Each is waited for ``patience`` times as long as usual.

        Raises RefusedError: that is of the agent, not of one question.
        """
        numbers: list[int] = []
        try:
            for question in questions:
                number = self._transport.number()
                numbers.append(number)
                message = self._codec.encode(number, question)
                self._transport.send(self._agent, number, message)
            seconds = patience * self._seconds
            return [await self._answer(number, seconds) for number in numbers]
        except NoAnswerError as error:
            return [error for _ in questions]
        finally:
            for number in numbers:
                self._transport.forget(number)

    async def _answer(self, number: int, seconds: float) -> Answer | SnmpError:
        try:
            return self._codec.decode(await self._transport.answer(number, seconds))
        except RefusedError:
            raise
        except NoAnswerError as error:
            return error
        except SnmpError as error:
            return BadAnswerError(f"{self._agent}: {error}")


class Plain:
    """SNMPv1 and v2c; see ``Codec``."""

    def __init__(self, credentials: Community) -> None:
        """The community that goes with each message."""
        self._version, self._community = credentials.version, credentials.community.encode()

    def encode(self, number: int, question: Question) -> bytes:
        """See ``Codec``."""
        kind, oids, status, position = question
        content = pdu.request(kind, number, oids, status, position)
        return community_message.encode(self._version, self._community, content)

    def decode(self, data: bytes) -> Answer:
        """See ``Codec``."""
        return Answer(data, community_message.decode(data).pdu, len(data))
