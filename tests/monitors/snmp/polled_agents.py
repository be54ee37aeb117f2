"""Polls of agents that run in the test's own event loop, well-behaved and hostile ones."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import cast

from infra.lab.agent import switch
from infra.lab.agent.config import AgentConfig
from infra.lab.agent.objects import Moment, Oid
from infra.lab.agent.responder import Binding, Lookup
from inventory.model.snmp_access import SnmpAccess
from monitors.snmp.metric_families import Family
from monitors.snmp.poll_result import PollResult
from monitors.snmp.poller import Poller
from monitors.snmp.session import NetworkClient
from monitors.snmp.targets import SnmpTarget
from tests.infra.lab.agent.running import ADDRESS

# Tests wait for silence; loopback answers within milliseconds unless the processors are busy.
IMPATIENT = 0.5

DEADLINE = 20.0  # seconds a whole poll may take
HC_IN_OCTETS = (*switch.IF_X_ENTRY, 6)
NOTHING: dict[str, bool] = {}


def poller(folder: Path, attempts: int = 2, attempt_seconds: float = IMPATIENT) -> Poller:
    """A poller with little patience; the secrets are the agents'."""
    return Poller(folder, NetworkClient(attempt_seconds, attempts))


def access(folder: Path) -> SnmpAccess:
    """How the agents of ``running`` are asked."""
    return SnmpAccess(auth=f"file:{folder / 'auth'}", priv=f"file:{folder / 'priv'}")


def target(
    folder: Path, port: int, kind: str = "switch", name: str = "harbour-switch"
) -> SnmpTarget:
    """An agent of ``running`` as the inventory would give it."""
    return SnmpTarget(name, kind, "harbour", "quay", ADDRESS, access(folder), port)


def target_of(folder: Path, config: AgentConfig) -> SnmpTarget:
    """The target of a running agent."""
    return target(folder, config.port, config.kind, config.name)


def successes(result: PollResult) -> dict[str, bool]:
    """Which profiles gave all of their tables."""
    whole: dict[str, bool] = {}
    for outcome in result.results:
        whole[outcome.profile] = whole.get(outcome.profile, True) and outcome.success
    return whole


def failures(result: PollResult) -> str:
    """All that went wrong, in one text."""
    lines = [result.failure]
    for outcome in result.results:
        lines += [outcome.failure, *(problem.text for problem in outcome.problems)]
    return "\n".join(line for line in lines if line)


def values(result: PollResult, metric: str) -> list[float]:
    """A metric's values."""
    families: dict[str, Family] = {family.name: family for family in result.families()}
    return [value for _, value in families[metric].samples] if metric in families else []


class Lying:
    """An agent's objects, with GETNEXT answers replaced by a test's."""

    def __init__(self, objects: Lookup, lie: Callable[[Oid, Moment, Binding], Binding]) -> None:
        self._objects, self._lie = objects, lie

    def get(self, oid: Oid, moment: Moment) -> Binding:
        return self._objects.get(oid, moment)

    def next(self, oid: Oid, moment: Moment) -> Binding:
        return self._lie(oid, moment, self._objects.next(oid, moment))


def quiet(_: bytes) -> None:
    """No answer."""


class Datagrams(asyncio.DatagramProtocol):
    """A responder that answers every datagram with what a test gives for it (None: nothing)."""

    def __init__(self, answer: Callable[[bytes], bytes | None], delay: float = 0) -> None:
        self._answer, self._delay = answer, delay

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        answer = self._answer(data)
        if answer is not None and self._delay:
            loop = asyncio.get_running_loop()
            loop.call_later(self._delay, self._transport.sendto, answer, addr)
        elif answer is not None:
            self._transport.sendto(answer, addr)


@asynccontextmanager
async def answering(
    answer: Callable[[bytes], bytes | None], delay: float = 0
) -> AsyncIterator[int]:
    """The port of a responder that answers with ``answer(datagram)`` (None: not at all)."""
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: Datagrams(answer, delay), local_addr=(ADDRESS, 0)
    )
    try:
        yield transport.get_extra_info("sockname")[1]
    finally:
        transport.close()


@asynccontextmanager
async def between(
    config: AgentConfig, change: Callable[[bytes], bytes | None]
) -> AsyncIterator[int]:
    """The port of a relay to an agent, whose answers pass through ``change`` (None: lost)."""
    loop = asyncio.get_running_loop()

    class Relay(asyncio.DatagramProtocol):
        asker: tuple[str, int]

        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            self.transport = cast("asyncio.DatagramTransport", transport)

        def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
            if addr[1] == config.port:
                changed = change(data)
                if changed is not None:
                    self.transport.sendto(changed, self.asker)
            else:
                self.asker = addr
                self.transport.sendto(data, (str(config.address), config.port))

    transport, _ = await loop.create_datagram_endpoint(Relay, local_addr=(ADDRESS, 0))
    try:
        yield transport.get_extra_info("sockname")[1]
    finally:
        transport.close()
