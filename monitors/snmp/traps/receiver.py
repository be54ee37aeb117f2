"""The receiver as the exporter has it: a process that listens, watched, and what it reports.

A process, not a thread: pysnmp takes milliseconds for a datagram, during which no thread of the
exporter would run, and bytes that upset it upset nothing else.
"""

import asyncio
import contextlib
import logging
import os
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from inventory.model.estate import Estate
from monitors.snmp.traps.counters import TrapCounters
from monitors.snmp.traps.engine_state import start_engine
from monitors.snmp.traps.known_senders import Address
from monitors.snmp.traps.pipe_messages import CONFIG, REPORT, ListenerConfig
from monitors.snmp.traps.senders import addresses
from monitors.snmp.traps.trap import Trap, named_traps

log = logging.getLogger(__name__)

PORT = 162
MODULE = "monitors.snmp.traps"
BUFFER_OCTETS = 4 * 1024 * 1024
LONGEST_LINE = 1024 * 1024
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 1.0, 60.0
END_SECONDS = 5.0
# A link that flaps, or a switch whose ports all go down, calls for two polls, not for a hundred.
PAUSE_SECONDS = 2.0

OnTrap = Callable[[Trap], None]


class TrapListenError(Exception):
    """The address for traps cannot be had; the text says why and what to do."""


class Receiver:
    """Receives the traps and informs of one estate's devices."""

    def __init__(
        self, estate: Estate, state: Path, listen: tuple[str, int], on_trap: OnTrap
    ) -> None:
        """``listen`` is an address and a UDP port; ``on_trap`` is called in the loop of ``start``.

        It is called for traps after which a device should be polled, at most twice in two seconds
        a device.
        """
        self._state, self._listen = state, listen
        self._counters, self._notifier = TrapCounters(), PollNotifier(on_trap)
        self._addresses: tuple[Address, ...] = ()
        self._socket: socket.socket | None = None
        self._process: asyncio.subprocess.Process | None = None
        self._task: asyncio.Task[None] | None = None
        self._ready, self._restarts = False, 0
        self._troubles: frozenset[str] = frozenset()
        self.reload(estate)

    async def start(self) -> None:
        """Listen. Raises TrapListenError when the address cannot be had."""
        self._socket = _bind(self._listen)
        log.info("traps and informs to %s port %d", *self.address)
        self._task = asyncio.create_task(self._keep_listening())

    async def stop(self) -> None:
        """Stop listening; no error when it does not."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        if self._socket is not None:
            self._socket.close()

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens."""
        address = self._socket.getsockname() if self._socket else self._listen
        return address[0], address[1]

    def reload(self, estate: Estate) -> None:
        """Take the senders and their secrets anew, from the estate as it is now."""
        self._addresses, troubles = addresses(estate, self._state)
        for trouble in sorted(set(troubles) - self._troubles):
            log.warning("%s; its traps are dropped", trouble)
        self._troubles = frozenset(troubles)
        if self._process is not None:
            self._configure(self._process, ListenerConfig(self._addresses))

    def collect(self) -> Iterator[Metric]:
        """What was counted, and whether the listener runs."""
        yield from self._counters.collect()
        yield GaugeMetricFamily(
            "bastide_snmp_trap_listener_up",
            "Whether the process that listens for traps runs.",
            self._ready,
        )
        yield CounterMetricFamily(
            "bastide_snmp_trap_listener_restarts_total",
            "How often that process ended and was started again.",
            self._restarts,
        )

    async def _keep_listening(self) -> None:
        pause = FIRST_PAUSE_SECONDS
        while True:
            try:
                ready = await self._run_once()
            except (OSError, ValueError) as error:
                # No memory for a process, or a report that is none.
                ready = False
                log.warning("the trap listener failed: %s", error)
            pause = FIRST_PAUSE_SECONDS if ready else min(2 * pause, LONGEST_PAUSE_SECONDS)
            self._restarts += 1
            log.warning("the trap listener ended; started again in %g s", pause)
            await asyncio.sleep(pause)

    async def _run_once(self) -> bool:
        """Start the process and take its reports until it ends; whether it was ready."""
        identity = await asyncio.to_thread(start_engine, self._state)
        process = await self._spawn()
        ready = False
        try:
            self._configure(process, ListenerConfig(self._addresses, identity))
            self._process = process
            while line := await _stream(process.stdout).readline():
                ready = self._ready = True
                self._take(line)
        finally:
            self._process, self._ready = None, False
            await _end(process)
        return ready

    async def _spawn(self) -> asyncio.subprocess.Process:
        if self._socket is None:
            raise TrapListenError("the receiver was not started")
        number = self._socket.fileno()
        return await asyncio.create_subprocess_exec(
            sys.executable,
            # -P: whatever lies in the folder that the exporter was started in is not ours.
            *("-P", "-m", MODULE, str(number), str(self._state)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            pass_fds=(number,),
            limit=LONGEST_LINE,
        )

    def _configure(self, process: asyncio.subprocess.Process, config: ListenerConfig) -> None:
        if process.stdin is not None and not process.stdin.is_closing():
            process.stdin.write(CONFIG.dump_json(config) + b"\n")

    def _take(self, line: bytes) -> None:
        report = REPORT.validate_json(line)
        for rejection in report.rejections:
            self._counters.count_rejection(rejection)
        for trap in report.traps:
            self._counters.count_trap(trap)
            self._notifier.notify(trap)


class PollNotifier:
    """Says that a device should be polled: at its first trap, and once after those that follow."""

    def __init__(self, on_trap: OnTrap, pause_seconds: float = PAUSE_SECONDS) -> None:
        """``on_trap`` runs in the event loop that ``notify`` is called in."""
        self._on_trap, self._pause = on_trap, pause_seconds
        self._waiting: dict[str, Trap | None] = {}

    def notify(self, trap: Trap) -> None:
        """Pass a trap on if what is measured has changed."""
        named = named_traps().get(trap.name)
        if named is None or not named.poll:
            return
        if trap.device in self._waiting:
            self._waiting[trap.device] = trap
            return
        self._call(trap)

    def _call(self, trap: Trap) -> None:
        self._waiting[trap.device] = None
        loop = asyncio.get_running_loop()
        loop.call_later(self._pause, self._pause_over, trap.device)
        # Not from here: its failure is not the listener's.
        loop.call_soon(self._on_trap, trap)

    def _pause_over(self, device: str) -> None:
        last = self._waiting.pop(device)
        if last is not None:
            self._call(last)


def _stream(stream: asyncio.StreamReader | None) -> asyncio.StreamReader:
    if stream is None:
        raise OSError("the listener was started without a pipe")
    return stream


async def _end(process: asyncio.subprocess.Process) -> None:
    """Close its standard input, which ends it; a listener that hangs is killed."""
    if process.stdin is not None:
        process.stdin.close()
    try:
        await asyncio.wait_for(process.wait(), END_SECONDS)
    except TimeoutError:
        process.kill()
        await process.wait()


def _bind(listen: tuple[str, int]) -> socket.socket:
    host, port = listen
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER_OCTETS)
        bound.bind((host, port))
    except OSError as error:
        bound.close()
        raise TrapListenError(
            f"cannot listen for traps on {host} port {port}: {os.strerror(error.errno or 0)}; "
            f"see what has it with `ss -lunp 'sport = :{port}'`; ports below 1024 need "
            "CAP_NET_BIND_SERVICE"
        ) from error
    return bound
