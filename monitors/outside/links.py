"""Connections to one port of a host: bytes there and back, each step bounded in time and size."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from monitors.tcp import connected

CONNECT_SECONDS = 0.8
# A host that is busy with its own audit may take its time; one that says nothing costs that much.
ANSWER_SECONDS = 3.0
FIRST_ANSWER_SECONDS = 1.5
PEEKED_BYTES = 256
RECEIVED_BYTES = 1 << 16


@asynccontextmanager
async def opened(address: str, port: int) -> AsyncIterator[socket.socket]:
    """Yield a connection and close it; OSError when there is none."""
    link = await connected(address, port, CONNECT_SECONDS)
    try:
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield link
    finally:
        link.close()


async def send(link: socket.socket, data: bytes) -> None:
    """Send bytes; OSError when the other side is gone or takes nothing in time."""
    async with asyncio.timeout(ANSWER_SECONDS):
        await asyncio.get_running_loop().sock_sendall(link, data)


async def receive(link: socket.socket, seconds: float = ANSWER_SECONDS) -> bytes:
    """Return what comes next, nothing at the end; TimeoutError, other OSErrors."""
    async with asyncio.timeout(seconds):
        return await asyncio.get_running_loop().sock_recv(link, RECEIVED_BYTES)


async def receive_until(link: socket.socket, ending: bytes) -> bytes:
    """Return what comes up to an ending; EOFError when it ends without, or is long."""
    received = b""
    while ending not in received:
        more = await receive(link)
        received += more
        if not more or len(received) > RECEIVED_BYTES:
            raise EOFError("the server ended the connection")
    return received


async def peek(link: socket.socket, seconds: float) -> bytes:
    """Return the first bytes that come by themselves within a time, and leave them to be read."""
    loop = asyncio.get_running_loop()
    ready = loop.create_future()

    def wake() -> None:
        if not ready.done():
            ready.set_result(None)

    loop.add_reader(link, wake)
    try:
        async with asyncio.timeout(seconds):
            await ready
        return link.recv(PEEKED_BYTES, socket.MSG_PEEK)
    except OSError:
        return b""
    finally:
        loop.remove_reader(link)
