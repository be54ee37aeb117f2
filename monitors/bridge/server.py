"""The bridge as a process: Alertmanager's webhooks in, messages out, metrics beside them."""

import asyncio
import logging
import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web
from prometheus_client import generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from inventory.load import load_estate
from monitors.bridge.deliveries import Deliveries
from monitors.bridge.dispatcher import Dispatcher
from monitors.bridge.message import MessageError, parsed

log = logging.getLogger(__name__)

LONGEST_BODY = 32 << 20
SHUTDOWN_SECONDS = 10.0


class BridgeListenError(Exception):
    """The port is taken, or not to be had."""


@dataclass(frozen=True, slots=True)
class Options:
    """How a bridge is run: ``secrets`` has the tokens by channel, ``state`` what it remembers."""

    secrets: Path
    state: Path
    host: str
    port: int


class Bridge:
    """The HTTP interface of a dispatcher."""

    def __init__(self, dispatcher: Dispatcher) -> None:
        """One thread a channel: a dead one keeps no other waiting."""
        self._dispatcher = dispatcher
        self._threads = {name: ThreadPoolExecutor(1) for name in dispatcher.channels}

    def application(self) -> web.Application:
        """The aiohttp application."""
        application = web.Application(client_max_size=LONGEST_BODY)
        application.add_routes(
            [
                web.post("/channels/{channel}", self.channel),
                web.get("/metrics", self.metrics),
                web.get("/-/healthy", self.healthy),
            ]
        )
        return application

    async def channel(self, request: web.Request) -> web.Response:
        """A message of Alertmanager's for one channel: 200 when all have it, 503 to try again."""
        name, arrived = request.match_info["channel"], time.monotonic()
        if name not in self._threads:
            known = ", ".join(self._threads) or "none"
            return web.Response(status=404, text=f"no channel {name!r}; there are: {known}\n")
        try:
            message = parsed(await request.read())
        except MessageError as error:
            return web.Response(status=400, text=f"{error}\n")
        problem = await asyncio.get_running_loop().run_in_executor(
            self._threads[name], self._dispatcher.deliver, name, message, arrived
        )
        return web.Response(status=503 if problem else 200, text=f"{problem or 'delivered'}\n")

    async def metrics(self, _: web.Request) -> web.Response:
        """How many messages were delivered, and how many attempts failed."""
        body = generate_latest(self._dispatcher.registry)
        return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_PLAIN_0_0_4})

    async def healthy(self, _: web.Request) -> web.Response:
        """Whether the process lives and answers."""
        return web.Response(text="healthy\n")

    def close(self) -> None:
        """Let what is being sent end, and begin nothing more."""
        for thread in self._threads.values():
            thread.shutdown(cancel_futures=True)


def serve(estate: Path, options: Options) -> None:
    """Serve an estate's folder until SIGTERM or SIGINT.

    Raises InventoryError when the estate is invalid, BridgeListenError when the port is taken.
    """
    asyncio.run(_run(estate, options))


async def _run(estate: Path, options: Options) -> None:
    deliveries = Deliveries(options.state / "deliveries.sqlite")
    bridge = Bridge(Dispatcher(load_estate(estate), options.secrets, deliveries))
    runner = web.AppRunner(bridge.application(), access_log=None, shutdown_timeout=SHUTDOWN_SECONDS)
    await runner.setup()
    try:
        await _bind(runner, options)
        log.info("sending for %s, at http://%s:%d/", estate, options.host, options.port)
        await _until_stopped()
    finally:
        await runner.cleanup()
        bridge.close()


async def _bind(runner: web.AppRunner, options: Options) -> None:
    try:
        await web.TCPSite(runner, options.host, options.port).start()
    except OSError as error:
        reason = os.strerror(error.errno or 0)
        raise BridgeListenError(f"{options.host}:{options.port}: {reason}") from error


async def _until_stopped() -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await stop.wait()
