"""What the collectors need of an SNMP library, and how it tells that it failed."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Protocol

Raw = int | float | str | bytes | None
Page = Sequence[tuple[str, Raw]]


class SnmpError(Exception):
    """A request failed; the text says what happened, for an administrator."""


class NoAnswerError(SnmpError):
    """The agent did not answer in time, or its port is closed."""


class RefusedError(SnmpError):
    """The agent does not accept the user, the authentication or the privacy key."""


class BadAnswerError(SnmpError):
    """The agent answered something that SNMP does not allow."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """An SNMPv3 user with authentication and privacy (authPriv; RFC 3414)."""

    user: str
    auth_protocol: str
    auth: str = field(repr=False)
    priv_protocol: str
    priv: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Agent:
    """Where an agent answers, and how to ask it."""

    address: str
    port: int
    credentials: Credentials


class Session(Protocol):
    """An open conversation with one agent; every method raises SnmpError."""

    async def get(self, oids: Sequence[str]) -> Mapping[str, Raw]:
        """Read instances; those that the agent does not have are left out."""
        ...

    def walk(self, base: str, repetitions: int) -> AsyncIterator[Page]:
        """Read the subtree below ``base`` in pages of up to ``repetitions`` instances.

        The order and the number of pages are the agent's: the caller must guard both.
        """
        ...


class Client(Protocol):
    """A way to open sessions."""

    def session(self, agent: Agent) -> AbstractAsyncContextManager[Session]:
        """Open a session; entering it raises SnmpError."""
        ...
