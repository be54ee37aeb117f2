"""Looks at a host from this machine: one connection to a port at a time, few and short ones.

Nothing is guessed: no password and no key is tried. What a network or a server does is a value of
the document, never an exception.
"""

import asyncio
import errno
import socket
import time
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum

from monitors.outside import http
from monitors.outside.ciphers import CURRENT
from monitors.outside.document import (
    AccountOffer,
    AddressView,
    HttpAnswer,
    OutsideView,
    Speaks,
    SshServer,
    TcpPort,
)
from monitors.outside.hello import TLS_1_2, client_hello, is_tls
from monitors.outside.links import (
    ANSWER_SECONDS,
    CONNECT_SECONDS,
    FIRST_ANSWER_SECONDS,
    opened,
    peek,
    receive,
    send,
)
from monitors.outside.plan import Plan
from monitors.outside.tables import STARTTLS
from monitors.outside.tls import Where, tls_server
from monitors.outside.udp import udp_ports
from monitors.ssh.offer import Offer, offer
from monitors.tcp import connected
from monitors.text import escaped_line

LOOK_SECONDS = 60.0
SSH_SECONDS = 10.0
# A server speaks first within this time after it took the connection, or it waits to be asked.
FIRST_WORD_SECONDS = 0.15
# Hosts that are looked at at the same time share a process's thousand files.
CONNECTIONS_AT_ONCE = 96
# Servers bound the connections that have not logged in yet (OpenSSH, PerSourceMaxStartups).
LOGINS_AT_ONCE = 2
LONGEST_GREETING = 100
# How many round trips of the first port the others are waited for, and how long at least.
PATIENCE = 5.0
LEAST_PATIENCE_SECONDS = 0.3
OUT_OF_FILES = frozenset({errno.EMFILE, errno.ENFILE})
SSH_BEGINS = b"SSH-"
# What OpenSSH says instead when it drops a connection: too many that wait, or a penalty.
SSH_DROPS = (b"Exceeded MaxStartups", b"Not allowed at this time")
# A connection that was dropped for others that wait is made again after these seconds.
PAUSES_SECONDS = (0.5, 1.5)
# A host that takes connections at so many ports of our list has something before it that does.
MOST_OPEN = 40
CATCH_ALL = "{} takes connections at {} ports: something answers there for all of them"
NOBODY_THERE = "nothing answers at {}: no port took or refused a connection, no datagram came back"


def look(plan: Plan) -> OutsideView:
    """Return what is seen of a host; it takes about a second, `LOOK_SECONDS` at the very most."""
    began, at = time.monotonic(), datetime.now(UTC)
    addresses: tuple[AddressView, ...] = ()
    problem = plan.impossible
    if not problem:
        try:
            addresses = asyncio.run(_addresses(plan))
        except TimeoutError:
            problem = f"it was not seen whole within {LOOK_SECONDS:.0f} s"
        except OSError as error:
            problem = f"this machine cannot look: {error.strerror or error}"
    here = [view.address for view in addresses if view.source == view.address]
    if here:
        problem, addresses = f"{here[0]} is this machine's own: nobody here is outside", ()
    problem = problem or _nothing_to_judge(plan, addresses)
    return OutsideView(
        host=plan.host,
        at=at,
        seconds=round(time.monotonic() - began, 3),
        possible=not (plan.impossible or here),
        problem=problem,
        host_key=plan.host_key,
        names=plan.names,
        any_certificate=plan.any_certificate,
        unasked=dict(plan.unasked),
        addresses=addresses,
    )


def _nothing_to_judge(plan: Plan, addresses: Sequence[AddressView]) -> str:
    """Return why what was seen says nothing of the host; empty when it does."""
    if not any(view.answers for view in addresses):
        return NOBODY_THERE.format(", ".join(plan.addresses))
    all_open = [view for view in addresses if len(view.tcp) > MOST_OPEN]
    return CATCH_ALL.format(all_open[0].address, len(all_open[0].tcp)) if all_open else ""


async def _addresses(plan: Plan) -> tuple[AddressView, ...]:
    places, logins = asyncio.Semaphore(CONNECTIONS_AT_ONCE), asyncio.Semaphore(LOGINS_AT_ONCE)
    async with asyncio.timeout(LOOK_SECONDS):
        return tuple(
            await asyncio.gather(
                *(_Address(each, plan, places, logins).view() for each in plan.addresses)
            )
        )


class _Closed(Enum):
    """What came of a connection that there is none of."""

    REFUSED = "refused"
    SILENT = "silent"


@dataclass(frozen=True, slots=True)
class _Address:
    """One address that is looked at."""

    address: str
    plan: Plan
    places: asyncio.Semaphore
    logins: asyncio.Semaphore

    async def view(self) -> AddressView:
        source = _source(self.address)
        if source in ("", self.address):
            return AddressView(address=self.address, source=source)
        ports = tuple(dict.fromkeys((*self.plan.ssh_ports[:1], *self.plan.tcp_ports)))
        tried, udp = await asyncio.gather(
            self._tried(ports), udp_ports(self.address, self.plan.udp_ports)
        )
        by_number = sorted(zip(ports, tried, strict=True), key=lambda pair: pair[0])
        return AddressView(
            address=self.address,
            source=source,
            tcp=tuple(port for _, port in by_number if isinstance(port, TcpPort)),
            refused=tuple(number for number, port in by_number if port is _Closed.REFUSED),
            silent=tuple(number for number, port in by_number if port is _Closed.SILENT),
            udp=udp,
            udp_silent=tuple(sorted(set(self.plan.udp_ports) - {port.port for port in udp})),
        )

    async def _tried(self, ports: Sequence[int]) -> list[TcpPort | _Closed]:
        """Try ports; how soon the first one answers says how long the others are waited for."""
        if not ports:
            return []
        clock = asyncio.get_running_loop().time
        began = clock()
        first = await self._connected(ports[0], CONNECT_SECONDS)
        patience = CONNECT_SECONDS
        if first is not _Closed.SILENT:
            patience = min(patience, max(LEAST_PATIENCE_SECONDS, PATIENCE * (clock() - began)))

        async def one(port: int) -> TcpPort | _Closed:
            return await self._port(port, await self._connected(port, patience))

        return await asyncio.gather(self._port(ports[0], first), *map(one, ports[1:]))

    async def _connected(self, port: int, seconds: float) -> socket.socket | _Closed:
        async with self.places:
            try:
                return await connected(self.address, port, seconds)
            except ConnectionRefusedError:
                return _Closed.REFUSED
            except OSError as error:
                if error.errno in OUT_OF_FILES:
                    raise
                return _Closed.SILENT

    async def _port(self, port: int, link: socket.socket | _Closed) -> TcpPort | _Closed:
        if isinstance(link, _Closed):
            return link
        with link:
            try:
                if port in self.plan.ssh_ports:
                    return await self._way_in(port, link)
                return await self._what_speaks(port, link, await peek(link, FIRST_WORD_SECONDS))
            except (OSError, EOFError) as error:
                if getattr(error, "errno", None) in OUT_OF_FILES:
                    raise
                return TcpPort(port=port, speaks=Speaks.OTHER)

    async def _way_in(self, port: int, link: socket.socket) -> TcpPort:
        """Ask where SSH is declared, in the connection that is there unless others log in now."""
        if self.logins.locked():
            link.close()
        async with self.logins:
            closed = link.fileno() < 0
            first: tuple[Offer, ...]
            async with opened(self.address, port) if closed else nullcontext(link) as own:
                greeting = await peek(own, SSH_SECONDS)
                if greeting.startswith(SSH_BEGINS):
                    first = (await self._offer(own, self._accounts[0]),)
                elif greeting.startswith(SSH_DROPS):
                    first = ()
                else:
                    return await self._what_speaks(port, own, greeting)
        return await self._ssh(port, *first)

    async def _what_speaks(self, port: int, link: socket.socket, greeting: bytes) -> TcpPort:
        """Tell SSH, TLS and HTTP apart by what comes, at first without a word of ours."""
        asked = not greeting and port not in STARTTLS
        said = await self._answer_to_hello(link) if asked else greeting
        link.close()  # of a port there is one connection at a time
        if said.startswith((SSH_BEGINS, *SSH_DROPS)):
            return await self._ssh(port)
        if port in STARTTLS:
            return await self._tls(port, STARTTLS[port], said)
        if is_tls(said):
            return await self._tls(port, "", b"")
        # To an offer of TLS servers of HTTP answer with errors, or wait for the end of the line.
        patience = ANSWER_SECONDS if said else FIRST_ANSWER_SECONDS
        if asked and (page := await self._page(port, patience)):
            return TcpPort(port=port, speaks=Speaks.HTTP, http=page)
        return TcpPort(port=port, speaks=Speaks.OTHER, greeting=_line(said))

    async def _answer_to_hello(self, link: socket.socket) -> bytes:
        try:
            await send(link, client_hello(TLS_1_2, CURRENT, self._name))
            return await receive(link, FIRST_ANSWER_SECONDS)
        except OSError:
            return b""

    @property
    def _name(self) -> str:
        return self.plan.names[0] if self.plan.names else ""

    async def _tls(self, port: int, starttls: str, said: bytes) -> TcpPort:
        where = Where(self.address, port, self._name, starttls)
        server, page = await tls_server(where, self.plan.authorities)
        if starttls and not server.certificates:
            return TcpPort(port=port, speaks=Speaks.OTHER, greeting=_line(said))
        return TcpPort(port=port, speaks=Speaks.TLS, greeting=_line(said), tls=server, http=page)

    async def _page(self, port: int, seconds: float) -> HttpAnswer | None:
        async with opened(self.address, port) as link:
            await send(link, http.head(self._name or self.address))
            return await http.answer(lambda: receive(link, seconds))

    @property
    def _accounts(self) -> tuple[str, ...]:
        return self.plan.accounts or ("",)

    async def _ssh(self, port: int, *first: Offer) -> TcpPort:
        """Ask for each account in a connection of its own, but for the first ones."""
        others = self._accounts[len(first) :]
        asked = await asyncio.gather(*(self._login(port, account) for account in others))
        ssh = _server(self._accounts, (*first, *asked))
        return TcpPort(port=port, speaks=Speaks.SSH, greeting=ssh.version, ssh=ssh)

    async def _login(self, port: int, account: str) -> Offer:
        """Ask for an account, again when the server dropped the connection without a word."""
        answer = await self._login_once(port, account)
        for pause in PAUSES_SECONDS:
            if answer.version:
                break
            await asyncio.sleep(pause)
            answer = await self._login_once(port, account)
        return answer

    async def _login_once(self, port: int, account: str) -> Offer:
        async with self.logins:
            try:
                async with opened(self.address, port) as own:
                    return await self._offer(own, account)
            except OSError as error:
                return Offer(problem=f"no connection: {error.strerror or 'no answer in time'}")

    async def _offer(self, link: socket.socket, account: str) -> Offer:
        return await asyncio.to_thread(offer, link, account, self.plan.host_key, SSH_SECONDS)


def _server(accounts: Sequence[str], offers: Sequence[Offer]) -> SshServer:
    """Return what a server offers, of the connection that got furthest."""
    best = max(offers, key=lambda each: (bool(each.host_key), bool(each.key_exchanges)))
    return SshServer(
        version=best.version,
        host_key=best.host_key,
        key_exchanges=best.key_exchanges,
        host_key_algorithms=best.host_key_algorithms,
        ciphers=best.ciphers,
        macs=best.macs,
        accounts=tuple(
            AccountOffer(account=account, methods=each.methods or (), problem=each.problem)
            for account, each in zip(accounts, offers, strict=False)
        ),
        problem="" if best.host_key else best.problem,
    )


def _source(address: str) -> str:
    """Return this machine's own address towards another, empty where it has no route."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as link:
        try:
            link.connect((address, 9))  # sends nothing
        except OSError:
            return ""
        return str(link.getsockname()[0])


def _line(said: bytes) -> str:
    return escaped_line(said[:LONGEST_GREETING].decode("utf-8", "backslashreplace").strip())
