"""What a TLS server shows and takes: its certificates, old versions, broken cipher suites, a page.

The handshake is OpenSSL's with nothing forbidden, so that what is weak is seen and not refused.
"""

import base64
import socket
import ssl
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from monitors.outside import http
from monitors.outside.ciphers import BROKEN, OLD
from monitors.outside.document import HttpAnswer, TlsServer
from monitors.outside.hello import ENOUGH, TLS_1_1, TLS_1_2, Chosen, chosen, client_hello
from monitors.outside.links import opened, receive, send
from monitors.outside.starttls import STARTTLS
from monitors.text import escaped_line

MOST_WEAK = 6
MOST_CERTIFICATES = 5
LONGEST_CERTIFICATE = 16 << 10
LEGACY_SERVER_CONNECT = 0x4  # ssl.OP_LEGACY_SERVER_CONNECT, of Python 3.12


@dataclass(frozen=True, slots=True)
class Where:
    """A port that speaks TLS, perhaps when asked; `name` is the server's that is asked for."""

    address: str
    port: int
    name: str
    starttls: str = ""


async def tls_server(
    where: Where, authorities: Sequence[Path]
) -> tuple[TlsServer, HttpAnswer | None]:
    """Return what a server shows and takes, and its first page's answer where it speaks HTTP."""
    server, page = TlsServer(starttls=where.starttls, name=where.name), None
    try:
        server, page = await _shown(where, server, tuple(authorities))
    except (OSError, EOFError, ValueError) as error:
        server = server.model_copy(update={"problem": _words(error)})
    try:
        old = await _choice(where, TLS_1_1, OLD)
        weak = await _weak(where)
    except (OSError, EOFError, ValueError) as error:
        problem = server.problem or f"an offer of what is old or broken: {_words(error)}"
        return server.model_copy(update={"problem": problem}), page
    update = {"old_version": old.version or "", "weak_ciphers": weak}
    return server.model_copy(update=update), page


async def _shown(
    where: Where, server: TlsServer, authorities: tuple[Path, ...]
) -> tuple[TlsServer, HttpAnswer | None]:
    """Shake hands and ask for the first page, trusting the authorities, else anybody."""
    try:
        return await _handshake(where, server, _context(authorities))
    except ssl.SSLCertVerificationError as error:
        distrusted = server.model_copy(update={"trust_problem": escaped_line(error.verify_message)})
    return await _handshake(where, distrusted, _context(None))


async def _handshake(
    where: Where, server: TlsServer, context: ssl.SSLContext
) -> tuple[TlsServer, HttpAnswer | None]:
    async with opened(where.address, where.port) as link:
        if where.starttls:
            await STARTTLS[where.starttls](link)
        tls = _Tls(link, context, where.name)
        try:
            await tls.shake_hands()
        except ssl.SSLCertVerificationError:
            raise
        except ssl.SSLError as error:
            # A server that wants a certificate of ours has shown its own by then.
            server = server.model_copy(update={"problem": _words(error)})
            return server.model_copy(update={"certificates": tls.certificates}), None
        cipher = tls.cipher
        server = server.model_copy(
            update={"version": tls.version, "cipher": cipher, "certificates": tls.certificates}
        )
        if where.starttls:
            return server, None
        try:
            await tls.send(http.head(where.name or where.address))
            return server, await http.answer(tls.receive)
        except OSError:
            return server, None


class _Tls:
    """A client's end of TLS over a connection (ssl.SSLObject)."""

    def __init__(self, link: socket.socket, context: ssl.SSLContext, name: str) -> None:
        self._link = link
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=name or None)

    @property
    def version(self) -> str:
        return self._tls.version() or ""

    @property
    def cipher(self) -> str:
        cipher = self._tls.cipher()
        return cipher[0] if cipher else ""

    @property
    def certificates(self) -> tuple[str, ...]:
        """What the server sent, before the handshake ended too: Python has it from 3.13 on."""
        chain = self._tls._sslobj.get_unverified_chain() or ()  # type: ignore[attr-defined]
        sent = [certificate.public_bytes(ssl._ssl.ENCODING_DER) for certificate in chain]  # type: ignore[attr-defined]
        return tuple(
            base64.b64encode(der).decode()
            for der in sent[:MOST_CERTIFICATES]
            if len(der) <= LONGEST_CERTIFICATE
        )

    async def shake_hands(self) -> None:
        while True:
            try:
                self._tls.do_handshake()
            except ssl.SSLWantReadError:
                await self._flush()
                await self._feed()
            else:
                return await self._flush()

    async def send(self, data: bytes) -> None:
        self._tls.write(data)
        await self._flush()

    async def receive(self) -> bytes:
        while True:
            try:
                return self._tls.read(1 << 14)
            except ssl.SSLWantReadError:
                await self._flush()
                await self._feed()
            except ssl.SSLZeroReturnError:
                return b""

    async def _flush(self) -> None:
        if data := self._outgoing.read():
            await send(self._link, data)

    async def _feed(self) -> None:
        if data := await receive(self._link):
            self._incoming.write(data)
        else:
            self._incoming.write_eof()


@lru_cache(maxsize=8)
def _context(authorities: tuple[Path, ...] | None) -> ssl.SSLContext:
    """Return a client's settings that take whatever a server has; None trusts anybody."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.set_ciphers("ALL:COMPLEMENTOFALL:@SECLEVEL=0")
    context.options |= LEGACY_SERVER_CONNECT
    if authorities is None:
        context.verify_mode = ssl.CERT_NONE
        return context
    context.load_default_certs()
    for file in authorities:
        if file.exists():
            context.load_verify_locations(file)
    return context


async def _weak(where: Where) -> tuple[str, ...]:
    """Return the broken cipher suites that a server takes, at most so many, by name."""
    left = dict(BROKEN)
    taken: list[str] = []
    while len(taken) < MOST_WEAK:
        choice = await _choice(where, TLS_1_2, tuple(left))
        if choice.cipher not in left:
            break
        taken.append(left.pop(choice.cipher))
    return tuple(taken)


async def _choice(where: Where, version: int, ciphers: Sequence[int]) -> Chosen:
    """Return what a server chooses of an offer; one that hangs up has refused it."""
    async with opened(where.address, where.port) as link:
        if where.starttls:
            await STARTTLS[where.starttls](link)
        received = b""
        try:
            await send(link, client_hello(version, ciphers, where.name))
            while len(received) < ENOUGH and (more := await receive(link)):
                received += more
                if received[0] != 0x16:
                    break
        except ConnectionError:
            pass
        return chosen(received) if received else Chosen()


def _words(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    said = getattr(error, "reason", None) or getattr(error, "strerror", None) or str(error)
    return escaped_line(str(said) or "it ended the connection")
