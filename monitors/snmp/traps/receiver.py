"""The receiver as the exporter has it: a process that listens, watched, and what it tells.

A process, not a thread: pysnmp takes milliseconds for a datagram, during which no thread of the
exporter would run, and bytes that upset it upset nothing else.
"""

import asyncio
import contextlib
import logging
import os
import socket
import sys
from collections.abc import Iterable
from pathlib import Path

from inventory.model import Estate
from monitors.metrics import Family, Sample, gauge
from monitors.snmp.traps import engine_state
from monitors.snmp.traps.calling import Calling, OnTrap
from monitors.snmp.traps.counters import Counting
from monitors.snmp.traps.messages import NEWS, ORDER, Order
from monitors.snmp.traps.senders import Address, addresses

log = logging.getLogger(__name__)

PORT = 162
MODULE = "monitors.snmp.traps"
BUFFER_OCTETS = 4 * 1024 * 1024
LONGEST_LINE = 1024 * 1024
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 1.0, 60.0
END_SECONDS = 5.0


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
        self._counting, self._calling = Counting(), Calling(on_trap)
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
        found = self._socket.getsockname() if self._socket else self._listen
        return found[0], found[1]

    def reload(self, estate: Estate) -> None:
        """Take the senders and their secrets anew, from the estate as it is now."""
        self._addresses, troubles = addresses(estate, self._state)
        for trouble in sorted(set(troubles) - self._troubles):
            log.warning("%s; its traps are dropped", trouble)
        self._troubles = frozenset(troubles)
        if self._process is not None:
            self._order(self._process, Order(self._addresses))

    def families(self) -> Iterable[Family]:
        """What was counted, and whether the listener runs."""
        yield from self._counting.families()
        yield gauge(
            "bastide_snmp_trap_listener_up",
            "Whether the process that listens for traps runs.",
            self._ready,
        )
        yield Family(
            "bastide_snmp_trap_listener_restarts_total",
            "How often that process ended and was started again.",
            "counter",
            (Sample({}, self._restarts),),
        )

    async def _keep_listening(self) -> None:
        pause = FIRST_PAUSE_SECONDS
        while True:
            try:
                ready = await self._run_once()
            except (OSError, ValueError) as error:
                # No memory for a process, or news that are none.
                ready = False
                log.warning("the trap listener failed: %s", error)
            pause = FIRST_PAUSE_SECONDS if ready else min(2 * pause, LONGEST_PAUSE_SECONDS)
            self._restarts += 1
            log.warning("the trap listener ended; started again in %g s", pause)
            await asyncio.sleep(pause)

    async def _run_once(self) -> bool:
        """Start the process and take its news until it ends; whether it was ready."""
        identified = await asyncio.to_thread(engine_state.start, self._state)
        process = await self._spawn()
        ready = False
        try:
            self._order(process, Order(self._addresses, identified))
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

    def _order(self, process: asyncio.subprocess.Process, order: Order) -> None:
        if process.stdin is not None and not process.stdin.is_closing():
            process.stdin.write(ORDER.dump_json(order) + b"\n")

    def _take(self, line: bytes) -> None:
        news = NEWS.validate_json(line)
        for rejection in news.rejections:
            self._counting.rejection(rejection)
        for trap in news.traps:
            self._counting.trap(trap)
            self._calling.told(trap)


def _stream(stream: asyncio.StreamReader | None) -> asyncio.StreamReader:
    if stream is None:
        raise OSError("the listener was started without a pipe")
    return stream


async def _end(process: asyncio.subprocess.Process) -> None:
    """Close its orders, which ends it; a listener that hangs is killed."""
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
