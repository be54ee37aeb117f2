"""A core switch with devices behind it, as the exporter would tell of them, and a duty desk."""

import asyncio
import json
import shutil
import threading
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import yaml
from aiohttp import web
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from inventory.load import load_estate
from inventory.model.estate import Estate
from inventory.paths import SHIPPED_ESTATES
from monitors.exporter.estate_facts import collect
from monitors.exporter.http_sd import JOBS
from monitors.prometheus.prometheus_config import STATIC_JOBS
from monitors.snmp.metric_families import gauge, render
from monitors.snmp.poll_result import PollResult
from monitors.snmp.targets import SnmpTarget, targets
from tests.monitors.exposed import exposed

CORE = "velgora-core"
NETWORK, GATEWAY, FIRST = "10.77.8.0/23", "10.77.8.1", ip_address("10.77.8.10")


@dataclass(frozen=True, slots=True)
class Size:
    """How many access switches hang on the core, and what on each of them and on the core."""

    access_switches: int
    behind_each: int
    behind_core: int

    @property
    def behind(self) -> int:
        """How many devices are lost with the core."""
        return self.access_switches * (1 + self.behind_each) + self.behind_core


LARGE, SMALL = Size(10, 15, 40), Size(2, 2, 4)


def estate(folder: Path, size: Size) -> Estate:
    """Return the lab with the campus in Velgora: the core, access switches, and what they feed."""
    copy = folder / "estate"
    shutil.copytree(SHIPPED_ESTATES / "lab", copy)
    file = copy / "municipalities" / "velgora.yml"
    town = yaml.safe_load(file.read_text(encoding="utf-8"))
    place = {"id": "campus", "name": "Campus", "network": NETWORK, "gateway": GATEWAY}
    town["sites"].append(place)
    town["devices"] += [
        {"site": "campus", "provider": "existing", "address": str(FIRST + number), **device}
        for number, device in enumerate(_devices(size))
    ]
    file.write_text(yaml.safe_dump(town), encoding="utf-8")
    return load_estate(copy)


def _devices(size: Size) -> Iterator[dict[str, Any]]:
    yield {"id": "core", "kind": "switch"}
    for number in range(size.behind_core):
        yield {"id": f"ap{number}", "kind": "access_point", "parent": CORE}
    for switch in range(size.access_switches):
        yield {"id": f"access{switch}", "kind": "switch", "parent": CORE}
        for number in range(size.behind_each):
            name, parent = f"printer{switch}x{number}", f"velgora-access{switch}"
            yield {"id": name, "kind": "printer", "parent": parent}


@dataclass
class Campus:
    """Serves what Prometheus asks of the exporter and of blackbox_exporter; takes what is sent.

    ``lost`` are the core and all that lies behind it. Those that are ``silent`` do not answer, and
    the exporter says so only after it has waited for ``patience`` seconds. A message is
    Alertmanager's own JSON.
    """

    estate: Estate
    patience: float
    silent: frozenset[str] = frozenset()
    messages: list[dict[str, Any]] = field(default_factory=list)
    address: str = ""

    def __post_init__(self) -> None:
        """Keep what may be polled, and what is lost with the core."""
        self._known: Mapping[str, SnmpTarget] = targets(self.estate)
        parents = {
            group["labels"]["device"]: group["labels"]["parent"]
            for group in JOBS["snmp"](self.estate)
            if "device" in group["labels"] and "parent" in group["labels"]
        }
        lost = frozenset((CORE,))
        while more := {name for name, parent in parents.items() if parent in lost} - lost:
            lost |= more
        self.lost = lost

    @property
    def webhook(self) -> str:
        """Where the duty desk is notified."""
        return f"http://{self.address}/duty"

    @contextmanager
    def serving(self) -> Iterator[None]:
        """Serve on a loopback port of its own."""
        loop = asyncio.new_event_loop()
        thread = threading.Thread(target=loop.run_forever, daemon=True)
        thread.start()
        runner = web.AppRunner(self._application(), access_log=None, shutdown_timeout=1)
        try:
            asyncio.run_coroutine_threadsafe(self._start(runner), loop).result(10)
            yield
        finally:
            asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(10)
            loop.call_soon_threadsafe(loop.stop)
            thread.join(10)
            loop.close()

    async def _start(self, runner: web.AppRunner) -> None:
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        self.address = f"{host}:{port}"

    def _application(self) -> web.Application:
        application = web.Application()
        application.add_routes(
            [
                web.get("/snmp", self._snmp),
                web.get("/targets/{job}", self._targets),
                web.get("/probe", _always("probe_success")),
                web.get("/journey", _always("bastide_journey_success")),
                web.get("/certificate", _always("bastide_certificate_success")),
                web.get("/levels", self._facts),
                *(
                    web.get(path, _always("bastide_collector_success"))
                    for path in {own.path for own in STATIC_JOBS} - {"/levels"}
                ),
                web.post("/duty", self._duty),
            ]
        )
        return application

    async def _snmp(self, request: web.Request) -> web.Response:
        target = self._known[request.query["target"]]
        success = target.name not in self.silent
        if not success:
            await asyncio.sleep(self.patience)
        result = PollResult(target, success, 0.0, "", (), ())
        return _text(render(result.families()))

    async def _targets(self, request: web.Request) -> web.Response:
        """The exporter's own lists; node_exporter of every host is here as well."""
        listed = JOBS[request.match_info["job"]](self.estate)
        if request.match_info["job"] == "node":
            return web.json_response([{**group, "targets": [self.address]} for group in listed])
        return web.json_response(listed)

    async def _facts(self, _: web.Request) -> web.Response:
        """What the inventory says, as the exporter tells it: what is reached through what."""
        return _text(exposed(collect(Path(), self.estate)))

    async def _duty(self, request: web.Request) -> web.Response:
        self.messages.append(json.loads(await request.text()))
        return web.Response()


def _always(name: str) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def answer(_: web.Request) -> web.Response:
        return _text(render([gauge(name, "All is well.", 1)]))

    return answer


def _text(text: str) -> web.Response:
    return web.Response(body=text.encode(), headers={"Content-Type": CONTENT_TYPE_PLAIN_0_0_4})
