"""How services that begin in clear are asked to go over to TLS, one function a protocol."""

import socket
import struct
from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType

from monitors.outside.links import receive, receive_until, send

END = b"\r\n"
# PostgreSQL, "SSLRequest" of its frontend/backend protocol.
SSL_REQUEST = struct.pack(">II", 8, 80877103)


async def _smtp(link: socket.socket) -> None:
    """RFC 3207."""
    await _reply(link, b"220")
    await send(link, b"EHLO localhost\r\n")
    await _reply(link, b"250")
    await send(link, b"STARTTLS\r\n")
    await _reply(link, b"220")


async def _imap(link: socket.socket) -> None:
    """RFC 3501, 6.2.1."""
    await receive_until(link, END)
    await send(link, b"a STARTTLS\r\n")
    _must((await receive_until(link, END)).startswith(b"a OK"))


async def _pop3(link: socket.socket) -> None:
    """RFC 2595, 4."""
    await receive_until(link, END)
    await send(link, b"STLS\r\n")
    _must((await receive_until(link, END)).startswith(b"+OK"))


async def _ftp(link: socket.socket) -> None:
    """RFC 4217, 4."""
    await _reply(link, b"220")
    await send(link, b"AUTH TLS\r\n")
    await _reply(link, b"234")


async def _postgresql(link: socket.socket) -> None:
    await send(link, SSL_REQUEST)
    _must(await receive(link) == b"S")


STARTTLS: Mapping[str, Callable[[socket.socket], Awaitable[None]]] = MappingProxyType(
    {"smtp": _smtp, "imap": _imap, "pop3": _pop3, "ftp": _ftp, "postgresql": _postgresql}
)


async def _reply(link: socket.socket, code: bytes) -> None:
    """Read a reply of SMTP or FTP, of one line or several (RFC 5321, 4.2.1)."""
    received = b""
    while not any(line[3:4] in (b" ", b"") for line in received.split(END)[:-1]):
        received += await receive_until(link, END)
    _must(received.startswith(code))


def _must(agreed: bool) -> None:
    if not agreed:
        raise EOFError("the server does not go over to TLS")
