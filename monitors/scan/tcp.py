"""Tries TCP ports of many addresses; where SSH answers, it is asked for its host key, no more.

Nothing is sent to a port but what opens a connection, and to SSH what comes before a login (RFC
4253, 4 and 7). One connection a port: a server that counts those without a login counts one.
"""

import asyncio
import errno
import socket
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum

from monitors import tcp
from monitors.pace import Pace
from monitors.scan.ports import SSH
from monitors.ssh.greeting import Greeting, Link, greeting

# The kernel repeats a lost SYN after one second.
CONNECT_SECONDS = 1.5
GREETING_SECONDS = 5.0
NO_ROUTE = frozenset({errno.ENETUNREACH, errno.EACCES, errno.EPERM, errno.EADDRNOTAVAIL})

Connect = Callable[[str, int], Awaitable[Link]]
OnProbe = Callable[[], None]


class Reply(Enum):
    """What came of a connection."""

    OPEN = "open"
    REFUSED = "refused"
    SILENT = "silent"
    NO_ROUTE = "no route"


@dataclass(frozen=True, slots=True)
class PortReply:
    """A port of an address: what came of the connection, and what SSH showed of itself."""

    address: str
    port: int
    reply: Reply
    ssh: Greeting | None = None


async def connected(address: str, port: int) -> socket.socket:
    """Return a connection; OSError when there is none, TimeoutError among them."""
    return await tcp.connected(address, port, CONNECT_SECONDS)


async def try_ports(
    addresses: Sequence[str],
    ports: Mapping[int, str],
    pace: Pace,
    *,
    pinned: Mapping[str, str],
    on_probe: OnProbe = lambda: None,
    connect: Connect = connected,
) -> tuple[PortReply, ...]:
    """Try every port of every address, at a pace, one port after the other: no host is crowded.

    `ports` have their services' names. `pinned` are the host keys that addresses are expected to
    have: of several keys, a server shows the kind that is wanted.
    """

    async def one(address: str, port: int, name: str) -> PortReply:
        async with pace:
            reply = await _try(connect, address, port, name, pinned.get(address))
        on_probe()
        return reply

    return tuple(
        await asyncio.gather(*(one(a, *port) for port in ports.items() for a in addresses))
    )


async def _try(
    connect: Connect, address: str, port: int, name: str, pinned: str | None
) -> PortReply:
    try:
        link = await connect(address, port)
    except OSError as error:
        return PortReply(address, port, _reply(error))
    try:
        shown = await _greeting(link, pinned) if name == SSH else None
    finally:
        link.close()
    return PortReply(address, port, Reply.OPEN, shown)


async def _greeting(link: Link, pinned: str | None) -> Greeting:
    try:
        return await asyncio.to_thread(greeting, link, pinned, GREETING_SECONDS)
    except asyncio.CancelledError:
        with suppress(OSError):
            link.shutdown(socket.SHUT_RDWR)  # the thread ends with it
        raise


def _reply(error: OSError) -> Reply:
    if isinstance(error, ConnectionRefusedError):
        return Reply.REFUSED
    return Reply.NO_ROUTE if error.errno in NO_ROUTE else Reply.SILENT
