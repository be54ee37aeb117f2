"""One question and its answer, whatever the version; here those in clear."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from monitors.snmp.client import Agent, BadAnswerError, Community, NoAnswerError, SnmpError
from monitors.snmp.transport import Transport
from monitors.snmp.wire import community, pdu


class Answer(NamedTuple):
    """A response: the octets that its bindings lie in, its head, and the datagram's size."""

    data: bytes
    pdu: pdu.Pdu
    size: int


class Exchange(Protocol):
    """Sends one PDU and returns the response to it; raises SnmpError."""

    async def __call__(
        self, kind: int, oids: Sequence[bytes], status: int = 0, position: int = 0
    ) -> Answer:
        """``kind`` and the two numbers are as in ``wire.pdu``."""
        ...


class Plain:
    """Exchanges in SNMPv1 or v2c; see ``Exchange``."""

    def __init__(self, transport: Transport, agent: Agent, seconds: float, attempts: int) -> None:
        """Prepare; nothing is sent."""
        assert isinstance(agent.credentials, Community)  # noqa: S101 - the client looked
        self._transport, self._agent = transport, agent
        self._seconds, self._attempts = seconds, attempts
        self._version = agent.credentials.version
        self._community = agent.credentials.community.encode()

    async def __call__(
        self, kind: int, oids: Sequence[bytes], status: int = 0, position: int = 0
    ) -> Answer:
        """See ``Exchange``."""
        failure: SnmpError = NoAnswerError(f"{self._agent}: never asked")
        for _ in range(self._attempts):
            number = self._transport.number()
            message = community.encode(
                self._version, self._community, pdu.request(kind, number, oids, status, position)
            )
            try:
                data = await self._transport.ask(self._agent, number, message, self._seconds)
                found = community.decode(data)
            except NoAnswerError as error:
                failure = error
                continue
            except BadAnswerError as error:
                failure = BadAnswerError(f"{self._agent}: an answer that is not SNMP: {error}")
                continue
            return Answer(data, found.pdu, len(data))
        raise failure
