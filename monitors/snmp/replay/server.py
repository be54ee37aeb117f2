"""Agents on UDP sockets, any number of them in one event loop."""

import asyncio
import errno
import socket
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import NamedTuple

from monitors.snmp.replay.agent import Agent

LARGEST_DATAGRAM = 65535
# So that a flood to one agent leaves the loop time for the others.
MOST_AT_ONCE = 32


class Place(NamedTuple):
    """Where an agent answers; port 0 takes a free one."""

    address: str
    port: int


class BindError(Exception):
    """An address cannot be listened on; the text says which and why."""


@asynccontextmanager
async def serving(agents: Iterable[tuple[Place, Agent]]) -> AsyncIterator[list[Place]]:
    """Answer for agents while the context is open; gives the places, in the same order.

    Raises BindError; then nothing is served.
    """
    loop = asyncio.get_running_loop()
    opened: list[socket.socket] = []
    try:
        for place, agent in agents:
            listening = _bound(place)
            opened.append(listening)
            loop.add_reader(listening.fileno(), _answer, listening, agent)
        yield [Place(*listening.getsockname()[:2]) for listening in opened]
    finally:
        for listening in opened:
            loop.remove_reader(listening.fileno())
            listening.close()


def _bound(place: Place) -> socket.socket:
    family = socket.AF_INET6 if ":" in place.address else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
    try:
        listening.bind((place.address, place.port))
    except OSError as error:
        listening.close()
        raise BindError(
            f"{place.address} port {place.port}: cannot be listened on: {error.strerror or error}"
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
        found = agent.answer(data)
        if found is not None:
            _send(listening, found, sender)


def _send(listening: socket.socket, data: bytes, receiver: tuple[str, int]) -> None:
    try:
        listening.sendto(data, receiver)
    except OSError:
        # A receiver that is gone, or a full buffer: UDP answers get lost.
        return
