"""Agents made of recordings and served on UDP sockets, any number of them in one event loop."""

import asyncio
import errno
import signal
import socket
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

from monitors.snmp.recording.reader import Recording, read
from monitors.snmp.replay.agent import Access, Agent
from monitors.snmp.replay.objects import Recorded, moving

LARGEST_DATAGRAM = 65535
# So that a flood to one agent leaves the loop time for the others.
MOST_AT_ONCE = 32


class Endpoint(NamedTuple):
    """Where an agent answers; port 0 takes a free one."""

    address: str
    port: int


class BindError(Exception):
    """An address cannot be listened on; the text says which and why."""


def recorded_agents(
    paths: Sequence[Path], access: Access, first: Endpoint, *, move: bool = False
) -> tuple[list[tuple[Endpoint, Agent]], list[Recording]]:
    """One agent a file, on ``first`` and the ports after it, and the recordings for their remarks.

    ``move``: counters and clocks go on from where they were. Raises RecordingError.
    """
    recordings = [read(path) for path in paths]
    agents = []
    for at, (path, recording) in enumerate(zip(paths, recordings, strict=True)):
        entries = recording.entries
        objects = moving(entries) if move else Recorded(entries)
        endpoint = Endpoint(first.address, first.port and first.port + at)
        agents.append((endpoint, Agent(objects, access, path.stem)))
    return agents, recordings


@asynccontextmanager
async def serving(agents: Iterable[tuple[Endpoint, Agent]]) -> AsyncIterator[list[Endpoint]]:
    """Answer for agents while the context is open; gives the endpoints, in the same order.

    Raises BindError; then nothing is served.
    """
    loop = asyncio.get_running_loop()
    opened: list[socket.socket] = []
    try:
        for endpoint, agent in agents:
            listening = _bound(endpoint)
            opened.append(listening)
            loop.add_reader(listening.fileno(), _answer, listening, agent)
        yield [Endpoint(*listening.getsockname()[:2]) for listening in opened]
    finally:
        for listening in opened:
            loop.remove_reader(listening.fileno())
            listening.close()


async def serve_until_stopped(
    agents: Sequence[tuple[Endpoint, Agent]], ready: Callable[[Sequence[Endpoint]], None]
) -> None:
    """Serve until SIGINT or SIGTERM; ``ready`` is told the endpoints once they answer.

    Raises BindError.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    try:
        async with serving(agents) as endpoints:
            ready(endpoints)
            await stop.wait()
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


def _bound(endpoint: Endpoint) -> socket.socket:
    family = socket.AF_INET6 if ":" in endpoint.address else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
    try:
        listening.bind((endpoint.address, endpoint.port))
    except OSError as error:
        listening.close()
        why = error.strerror or error
        raise BindError(
            f"{endpoint.address} port {endpoint.port}: cannot be listened on: {why}"
        ) from error
    return listening


def _answer(listening: socket.socket, agent: Agent) -> None:
    for _ in range(MOST_AT_ONCE):
        try:
            data, sender = listening.recvfrom(LARGEST_DATAGRAM)
        except OSError as error:
            if error.errno in (errno.EAGAIN, errno.EWOULDBLOCK):
                return
            continue
        response = agent.answer(data)
        if response is not None:
            _send(listening, response, sender)


def _send(listening: socket.socket, data: bytes, receiver: tuple[str, int]) -> None:
    try:
        listening.sendto(data, receiver)
    except OSError:
        # A receiver that is gone, or a full buffer: UDP answers get lost.
        return
