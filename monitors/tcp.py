"""One TCP connection, made without waiting in a thread."""

import asyncio
import socket


async def connected(address: str, port: int, seconds: float) -> socket.socket:
    """Return a connection; OSError when there is none, TimeoutError among them."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    link = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
    try:
        async with asyncio.timeout(seconds):
            await asyncio.get_running_loop().sock_connect(link, (address, port))
    except BaseException:
        link.close()
        raise
    return link
