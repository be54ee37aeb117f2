"""The listener's loop: empties the socket, decodes one datagram at a time, reports it.

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

from monitors.snmp.traps.decoder import TrapDecoder
from monitors.snmp.traps.engine_state import CLOCKS_FILE, SenderClocks
from monitors.snmp.traps.known_senders import Address
from monitors.snmp.traps.pipe_messages import (
    CONFIG,
    REPORT,
    ListenerConfig,
    ListenerReport,
    Rejection,
)
from monitors.snmp.traps.rate_limits import RateLimits
from monitors.snmp.traps.trap import Reason, Trap

LONGEST_QUEUE = 1000
DATAGRAM_OCTETS = 65_535
# Between two datagrams that are decoded, so many are taken from the kernel.
AT_ONCE = 500
MOST_REJECTED_APART = 256
# Rejections are reported together, traps at once.
REPORT_SECONDS = 1.0
TICK_SECONDS = 5.0

UDP_TABLES = {socket.AF_INET: Path("/proc/net/udp"), socket.AF_INET6: Path("/proc/net/udp6")}
# Fields of a line.
INODE, DROPS = 9, 12

Datagram = tuple[bytes, tuple[str, int], Address]


class Listener:
    """Serves one socket; ends when the exporter closes its pipe."""

    def __init__(self, bound: socket.socket, configs: int, reports: int, state: Path) -> None:
        """``configs`` and ``reports`` are the pipe ends, ``state`` the estate's state directory."""
        self._socket, self._configs, self._reports = bound, configs, reports
        self._clocks = SenderClocks(state / CLOCKS_FILE)
        self._senders: Mapping[str, Address] = {}
        self._limits = RateLimits(time.monotonic())
        self._queue: deque[Datagram] = deque()
        self._rejected: Counter[tuple[Reason, str, str]] = Counter()
        self._decoder: TrapDecoder | None = None
        self._unread = b""
        self._lost = dropped_by_kernel(bound)

    def run(self) -> None:
        """Listen until the exporter is gone."""
        os.set_blocking(self._configs, False)
        poll = select.poll()
        poll.register(self._socket, select.POLLIN)
        poll.register(self._configs, select.POLLIN | select.POLLHUP)
        reported = ticked = time.monotonic()
        while True:
            ready = dict(poll.poll(0 if self._queue else REPORT_SECONDS * 1000))
            if self._configs in ready and not self._read_configs():
                break
            self._empty_socket()
            self._decode_one()
            now = time.monotonic()
            if now - reported >= REPORT_SECONDS:
                reported = now
                self._report()
            if now - ticked >= TICK_SECONDS and self._decoder:
                ticked = now
                self._decoder.tick()
        self._clocks.save()

    def _read_configs(self) -> bool:
        """Read what the exporter sends; False when it has closed the pipe."""
        chunk = os.read(self._configs, DATAGRAM_OCTETS)
        *lines, self._unread = (self._unread + chunk).split(b"\n")
        for line in lines:
            self._configure(CONFIG.validate_json(line))
        return bool(chunk)

    def _configure(self, config: ListenerConfig) -> None:
        self._senders = {source.address: source for source in config.addresses}
        self._limits.keep(self._senders.keys())
        if config.identity is not None:
            self._decoder = TrapDecoder(config.identity, self._clocks)
            self._write(ListenerReport())

    def _empty_socket(self) -> None:
        for _ in range(AT_ONCE):
            try:
                data, sender = self._socket.recvfrom(DATAGRAM_OCTETS, socket.MSG_DONTWAIT)
            except BlockingIOError:
                break
            except OSError:
                # An answer of ours that met a closed port (ICMP) comes with the next read.
                continue
            self._admit(data, sender)

    def _admit(self, data: bytes, sender: tuple[str, int]) -> None:
        source = self._senders.get(sender[0]) or self._senders.get(inventory_address(sender[0]))
        if source is None:
            self._reject(Reason.UNKNOWN_SENDER, inventory_address(sender[0]), "")
        elif not self._limits.allow(source.address, time.monotonic()):
            self._reject(Reason.FLOODED, source.address, source.name)
        elif len(self._queue) >= LONGEST_QUEUE or self._decoder is None:
            self._reject(Reason.QUEUE_FULL, source.address, source.name)
        else:
            self._queue.append((data, sender, source))

    def _decode_one(self) -> None:
        if not self._queue or self._decoder is None:
            return
        data, sender, source = self._queue.popleft()
        outcome = self._decoder.decode(data, source)
        for answer in outcome.answers:
            self._answer(answer, sender)
        if outcome.reason is not None:
            self._reject(outcome.reason, source.address, source.name)
        if outcome.trap is not None:
            self._report(outcome.trap)

    def _answer(self, answer: bytes, sender: tuple[str, int]) -> None:
        try:
            self._socket.sendto(answer, socket.MSG_DONTWAIT, sender)
        except OSError:
            # A full buffer or no way back: an inform that is not confirmed is sent again.
            return

    def _reject(self, reason: Reason, address: str, device: str) -> None:
        key = (reason, address, device)
        if key not in self._rejected and len(self._rejected) >= MOST_REJECTED_APART:
            key = (reason, "", "")
        self._rejected[key] += 1

    def _report(self, *traps: Trap) -> None:
        """Report to the exporter; waiting for it is right, since the kernel drops meanwhile."""
        lost = dropped_by_kernel(self._socket)
        if lost > self._lost:
            self._rejected[Reason.QUEUE_FULL, "", ""] += lost - self._lost
            self._lost = lost
        if not traps and not self._rejected:
            return
        rejections = tuple(Rejection(*key, count) for key, count in self._rejected.items())
        self._rejected.clear()
        self._write(ListenerReport(traps, rejections))

    def _write(self, report: ListenerReport) -> None:
        unsent = REPORT.dump_json(report) + b"\n"
        while unsent:
            unsent = unsent[os.write(self._reports, unsent) :]


def inventory_address(address: str) -> str:
    """Return an address as the inventory writes it: without a zone, IPv4 as such."""
    return address.partition("%")[0].removeprefix("::ffff:")


def dropped_by_kernel(bound: socket.socket) -> int:
    """Return how many datagrams met a full buffer since the socket was made (proc(5)).

    0 where the kernel does not tell.
    """
    inode = str(os.fstat(bound.fileno()).st_ino)
    try:
        lines = UDP_TABLES[bound.family].read_text(encoding="ascii").splitlines()
    except (OSError, KeyError):
        return 0
    for line in lines:
        fields = line.split()
        if len(fields) > DROPS and fields[INODE] == inode:
            return int(fields[DROPS])
    return 0
