"""The listener's loop: empties the socket, hears one datagram at a time, tells the exporter.

A datagram is dropped as early as can be: an unknown address at once, a flood by the count, both
without a look at its octets. What is left waits in a queue of bounded length.
"""

import os
import select
import socket
import time
from collections import Counter, deque
from collections.abc import Mapping
from pathlib import Path

from monitors.snmp.traps import kernel
from monitors.snmp.traps.authentication import Reason
from monitors.snmp.traps.decoder import Hearing
from monitors.snmp.traps.limits import Limits
from monitors.snmp.traps.messages import NEWS, ORDER, News, Order, Rejection
from monitors.snmp.traps.senders import Address
from monitors.snmp.traps.trap import Trap
from monitors.snmp.traps.windows import Windows

CLOCKS = Path("snmp") / "trap_clocks.json"
LONGEST_QUEUE = 1000
DATAGRAM_OCTETS = 65_535
# Between two datagrams that are heard, so many are taken from the kernel.
AT_ONCE = 500
TOLD_APART = 256
# Rejections are told together, traps at once.
TELL_SECONDS = 1.0
TICK_SECONDS = 5.0

Datagram = tuple[bytes, tuple[str, int], Address]


class Listener:
    """Serves one socket; ends when the exporter closes its pipe."""

    def __init__(self, bound: socket.socket, orders: int, news: int, state: Path) -> None:
        """``orders`` and ``news`` are the pipe ends, ``state`` the estate's state directory."""
        self._socket, self._orders, self._news = bound, orders, news
        self._windows = Windows(state / CLOCKS)
        self._known: Mapping[str, Address] = {}
        self._limits = Limits(time.monotonic())
        self._queue: deque[Datagram] = deque()
        self._rejected: Counter[tuple[Reason, str, str]] = Counter()
        self._hearing: Hearing | None = None
        self._unread = b""
        self._lost = kernel.dropped(bound)

    def run(self) -> None:
        """Listen until the exporter is gone."""
        os.set_blocking(self._orders, False)
        poll = select.poll()
        poll.register(self._socket, select.POLLIN)
        poll.register(self._orders, select.POLLIN | select.POLLHUP)
        told = ticked = time.monotonic()
        while True:
            ready = dict(poll.poll(0 if self._queue else TELL_SECONDS * 1000))
            if self._orders in ready and not self._take_orders():
                break
            self._empty_socket()
            self._hear_one()
            now = time.monotonic()
            if now - told >= TELL_SECONDS:
                told = now
                self._tell()
            if now - ticked >= TICK_SECONDS and self._hearing:
                ticked = now
                self._hearing.tick()
        self._windows.keep()

    def _take_orders(self) -> bool:
        """Read what the exporter says; False when it has closed the pipe."""
        chunk = os.read(self._orders, DATAGRAM_OCTETS)
        *lines, self._unread = (self._unread + chunk).split(b"\n")
        for line in lines:
            self._obey(ORDER.validate_json(line))
        return bool(chunk)

    def _obey(self, order: Order) -> None:
        self._known = {known.address: known for known in order.addresses}
        self._limits.keep(self._known.keys())
        if order.identity is not None:
            self._hearing = Hearing(order.identity, self._windows)
            self._say(News())

    def _empty_socket(self) -> None:
        for _ in range(AT_ONCE):
            try:
                data, sender = self._socket.recvfrom(DATAGRAM_OCTETS, socket.MSG_DONTWAIT)
            except BlockingIOError:
                break
            except OSError:
                # An answer of ours that met a closed port (ICMP) is told at the next read.
                continue
            self._admit(data, sender)

    def _admit(self, data: bytes, sender: tuple[str, int]) -> None:
        known = self._known.get(sender[0]) or self._known.get(plain(sender[0]))
        if known is None:
            self._reject(Reason.UNKNOWN_SENDER, plain(sender[0]), "")
        elif not self._limits.allow(known.address, time.monotonic()):
            self._reject(Reason.FLOODED, known.address, known.named)
        elif len(self._queue) >= LONGEST_QUEUE or self._hearing is None:
            self._reject(Reason.QUEUE_FULL, known.address, known.named)
        else:
            self._queue.append((data, sender, known))

    def _hear_one(self) -> None:
        if not self._queue or self._hearing is None:
            return
        data, sender, source = self._queue.popleft()
        outcome = self._hearing.hear(data, source)
        for answer in outcome.answers:
            self._answer(answer, sender)
        if outcome.reason is not None:
            self._reject(outcome.reason, source.address, source.named)
        if outcome.trap is not None:
            self._tell(outcome.trap)

    def _answer(self, answer: bytes, sender: tuple[str, int]) -> None:
        try:
            self._socket.sendto(answer, socket.MSG_DONTWAIT, sender)
        except OSError:
            # A full buffer or no way back: an inform that is not confirmed is sent again.
            return

    def _reject(self, reason: Reason, address: str, device: str) -> None:
        key = (reason, address, device)
        if key not in self._rejected and len(self._rejected) >= TOLD_APART:
            key = (reason, "", "")
        self._rejected[key] += 1

    def _tell(self, *traps: Trap) -> None:
        """Tell the exporter; waiting for it is right, since the kernel drops meanwhile."""
        lost = kernel.dropped(self._socket)
        if lost > self._lost:
            self._rejected[Reason.QUEUE_FULL, "", ""] += lost - self._lost
            self._lost = lost
        if not traps and not self._rejected:
            return
        told = tuple(Rejection(*key, count) for key, count in self._rejected.items())
        self._rejected.clear()
        self._say(News(traps, told))

    def _say(self, news: News) -> None:
        unsent = NEWS.dump_json(news) + b"\n"
        while unsent:
            unsent = unsent[os.write(self._news, unsent) :]


def plain(address: str) -> str:
    """Return an address as the inventory writes it: without a zone, IPv4 as such."""
    return address.partition("%")[0].removeprefix("::ffff:")
