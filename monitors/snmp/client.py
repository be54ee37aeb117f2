"""What the collectors need of a conversation with an agent, and how it tells that it failed."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple, Protocol


class Missing(Enum):
    """Why there is no value (RFC 3416, 3): exceptions in the place of one."""

    OBJECT = 0x80
    INSTANCE = 0x81
    END = 0x82


# Integers of all kinds are int, OCTET STRING is bytes, OBJECT IDENTIFIER and IpAddress are text,
# opaque floats (as net-snmp writes them) are float, NULL is None.
Raw = int | float | str | bytes | None | Missing
# An instance's OID as octets (see ``oid``), and its value.
Binding = tuple[bytes, Raw]


class WireBinding(NamedTuple):
    """An instance as it was on the wire, for recordings: OID octets, BER tag, content octets."""

    oid: bytes
    tag: int
    content: bytes


class BulkResponse(NamedTuple):
    """Bindings as they were on the wire: octets, where the list begins and ends in them.

    ``size`` is the whole datagram's.
    """

    data: bytes
    start: int
    end: int
    size: int


class SnmpError(Exception):
    """A request failed; the text says what happened, for an administrator."""


class NoAnswerError(SnmpError):
    """The agent did not answer in time, or its port is closed."""


class RefusedError(SnmpError):
    """The agent does not accept the user, the authentication or the privacy key."""


class BadAnswerError(SnmpError):
    """The agent answered something that SNMP does not allow."""


def why_no_use(error: SnmpError) -> str:
    """What an object does that is not answered though others are, for a message."""
    return "no answer" if isinstance(error, NoAnswerError) else f"garbage: {error}"


class TooBigError(SnmpError):
    """The agent cannot put what was asked into one answer: ask for less."""


@dataclass(frozen=True, slots=True)
class Community:
    """A shared word sent in clear: SNMPv1 (``version`` 0) or v2c (1; RFC 1901)."""

    community: str = field(repr=False)
    version: int = 1


@dataclass(frozen=True, slots=True)
class User:
    """An SNMPv3 user with authentication and privacy (authPriv; RFC 3414)."""

    user: str
    auth_protocol: str
    auth: str = field(repr=False)
    priv_protocol: str
    priv: str = field(repr=False)


Credentials = Community | User


@dataclass(frozen=True, slots=True)
class Agent:
    """Where an agent answers, and how to ask it.

    ``answers_from`` are other addresses that its answers come from.
    """

    address: str
    port: int
    credentials: Credentials
    answers_from: tuple[str, ...] = ()

    def may_answer_from(self, address: str, port: int) -> bool:
        """Whether an answer from there is looked at.

        From elsewhere only when the inventory says so, or where a key will prove whose it is
        (SNMPv3 with authentication).
        """
        if (self.address, self.port) == (address, port):
            return True
        return address in self.answers_from or isinstance(self.credentials, User)

    def __str__(self) -> str:
        """As messages name it."""
        return f"{self.address} port {self.port}"


class Session(Protocol):
    """A conversation with one agent; every method raises SnmpError.

    ``failed`` are the instances that got no answer of use though others did, and what came instead;
    ``get`` and ``next`` leave them out.
    """

    failed: dict[bytes, str]

    async def get(self, oids: Sequence[bytes]) -> dict[bytes, Raw]:
        """Read instances; those that the agent does not have are left out."""
        ...

    async def next(self, oids: Sequence[bytes]) -> list[Binding]:
        """For each OID the instance after it, in the same order; Missing.END after the last."""
        ...

    async def bulk(self, oids: Sequence[bytes], repetitions: int) -> BulkResponse:
        """GETBULK: up to ``repetitions`` rounds of ``next``.

        An agent may answer fewer bindings than asked, ending anywhere. Raises TooBigError as well.
        """
        ...

    async def next_apart(self, oids: Sequence[bytes]) -> list[WireBinding | SnmpError]:
        """Like ``next``, each OID in a question of its own, and what failed as it did."""
        ...

    async def bulk_all(
        self, requests: Sequence[tuple[Sequence[bytes], int]]
    ) -> list[BulkResponse | SnmpError]:
        """Several ``bulk`` at once, each asked one time; raises RefusedError only."""
        ...

    async def wire_bindings(self, oid: bytes, repetitions: int) -> list[WireBinding]:
        """Like ``bulk`` for one OID, as it was on the wire; empty at the end of the view."""
        ...


class Client(Protocol):
    """A way to open sessions."""

    def session(self, agent: Agent) -> AbstractAsyncContextManager[Session]:
        """Open a session; entering it raises SnmpError."""
        ...
