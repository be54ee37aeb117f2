"""The exporter as a process: an address to listen on, and an orderly end."""

import asyncio
import logging
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from inventory.authority import authority
from inventory.paths import state_directory
from monitors.exporter.app import Exporter
from monitors.exporter.estate_watcher import EstateWatcher
from monitors.snmp.own_profiles import profiles_of
from monitors.snmp.poller import Poller
from monitors.snmp.traps.receiver import Receiver, TrapListenError
from monitors.web_api import web_api

log = logging.getLogger(__name__)

DEFAULT_PORT = 9872
DEFAULT_LISTEN = f"127.0.0.1:{DEFAULT_PORT}"
# Polls in flight may end; Prometheus would have given up on them by then.
SHUTDOWN_SECONDS = 2.0


class ListenError(Exception):
    """The listen address is not one (its subclass: it is one, but cannot be had)."""


class ListenRefusedError(ListenError):
    """The address is taken, or not on this machine."""


@dataclass(frozen=True, slots=True)
class Listen:
    """Where to listen; an empty host is every address of the machine."""

    host: str
    port: int

    def __str__(self) -> str:
        """As an administrator writes it."""
        return authority(self.host, self.port)


def parse_listen(text: str) -> Listen:
    """Read ``ADDR:PORT``, ``[IPV6]:PORT`` or ``:PORT``; raises ListenError."""
    host, colon, port = text.rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    if (
        not colon
        or not port.isdecimal()
        or not 0 < int(port) < 2**16
        or (":" in host and not bracketed)
    ):
        raise ListenError(
            f"{text!r} is no listen address: expected ADDR:PORT, for example {DEFAULT_LISTEN}"
        )
    return Listen(host.strip("[]") if bracketed else host, int(port))


@dataclass(frozen=True, slots=True)
class Options:
    """How an exporter is run.

    ``state`` defaults to the estate's state directory; ``traps`` is where traps and informs are
    received (None: not at all); ``any_target`` lets any address be polled; ``alertmanager`` is
    where maintenance windows become silences, such as https://10.77.0.10:9093.
    """

    listen: str = DEFAULT_LISTEN
    state: Path | None = None
    traps: str | None = None
    any_target: bool = False
    alertmanager: str | None = None


def serve(estate: Path, options: Options) -> None:
    """Serve an estate's folder until SIGTERM or SIGINT.

    Raises InventoryError when the estate is invalid, ListenError for a wrong address,
    ListenRefusedError when it cannot be had, ApiError without a login for Alertmanager.
    """
    asyncio.run(run(estate, options))


async def run(estate: Path, options: Options) -> None:
    """Like ``serve``, inside a running loop."""
    listen = parse_listen(options.listen)
    traps = parse_listen(options.traps) if options.traps else None
    watcher = EstateWatcher(estate)
    state = options.state or state_directory(watcher.current().estate)
    poller = Poller(state, catalogue=profiles_of(watcher.current().own))
    watcher.listeners.append(lambda estate: setattr(poller, "catalogue", profiles_of(estate.own)))
    alertmanager = web_api(options.alertmanager, state) if options.alertmanager else None
    exporter = Exporter(
        watcher, state, poller, any_target=options.any_target, alertmanager=alertmanager
    )
    runner = web.AppRunner(
        exporter.application(), access_log=None, shutdown_timeout=SHUTDOWN_SECONDS
    )
    await runner.setup()
    try:
        await _bind(runner, listen)
        log.info("serving %s on http://%s/", estate, listen)
        async with _receiving(exporter, watcher, state, traps), _keeping(exporter):
            await _until_stopped()
    finally:
        await runner.cleanup()


@asynccontextmanager
async def _keeping(exporter: Exporter) -> AsyncIterator[None]:
    """Keep Alertmanager in step with the maintenance windows meanwhile."""
    task = asyncio.create_task(exporter.silences.run())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


@asynccontextmanager
async def _receiving(
    exporter: Exporter, watcher: EstateWatcher, state: Path, traps: Listen | None
) -> AsyncIterator[None]:
    if traps is None:
        yield
        return
    receiver = Receiver(
        watcher.current(), state, (traps.host, traps.port), exporter.trap_poller.on_trap
    )
    try:
        await receiver.start()
    except TrapListenError as error:
        raise ListenRefusedError(str(error)) from error
    watcher.listeners.append(receiver.reload)
    exporter.traps.register(receiver)
    try:
        yield
    finally:
        await receiver.stop()


async def _bind(runner: web.AppRunner, listen: Listen) -> None:
    try:
        await web.TCPSite(runner, listen.host or None, listen.port).start()
    except OSError as error:
        raise ListenRefusedError(
            f"cannot listen on {listen}: {os.strerror(error.errno or 0)}; see what has it with "
            f"`ss -ltnp 'sport = :{listen.port}'`, or choose another with --listen"
        ) from error


async def _until_stopped() -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await stop.wait()
