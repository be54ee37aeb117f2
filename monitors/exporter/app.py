"""The exporter's HTTP interface: what it serves where."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from html import escape
from http import HTTPStatus
from pathlib import Path

from aiohttp import web
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.registry import Collector

from inventory.web_login import authority_file
from monitors.exporter.certificate_probe import certificate_targets, see
from monitors.exporter.collectors import COLLECTORS, MonitoredCollector
from monitors.exporter.estate_watcher import EstateWatcher
from monitors.exporter.exposition import encode
from monitors.exporter.http_sd import JOBS
from monitors.exporter.instrumentation import Instrumentation
from monitors.exporter.silence_keeper import SilenceKeeper
from monitors.exporter.trap_poller import TrapPoller
from monitors.journeys.metrics import JourneyMetrics
from monitors.journeys.take import take
from monitors.journeys.targets import journeys
from monitors.maintenance.silences import SilencesError
from monitors.snmp.metric_families import render
from monitors.snmp.poll_result import PollResult
from monitors.snmp.poller import Poller
from monitors.snmp.targets import PORT, SnmpTarget, targets, unlisted_target
from monitors.web_api import WebApi

log = logging.getLogger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

TIMEOUT_HEADER = "X-Prometheus-Scrape-Timeout-Seconds"
DEFAULT_TIMEOUT_SECONDS = 10.0
# What is left for rendering and the way back, so that Prometheus gets a late answer in time.
OFFSET_SECONDS = 0.5
MIN_DEADLINE_SECONDS = 0.5
MAX_NAMES_IN_HINT = 20


class Exporter:
    """Answers for one estate."""

    def __init__(
        self,
        estate: EstateWatcher,
        state: Path,
        poller: Poller,
        snmp_port: int = PORT,
        *,
        any_target: bool = False,
        alertmanager: WebApi | None = None,
    ) -> None:
        """``state`` is the estate's state directory, where audits and drills are.

        ``alertmanager``: where maintenance windows become silences, once ``silences`` runs.

        ``any_target``: any address may be polled, not the inventory's devices only. Whoever
        receives traps registers its collector with ``traps`` and calls ``trap_poller.on_trap``.
        """
        self._estate, self._state, self._poller = estate, state, poller
        self._snmp_port, self._any_target = snmp_port, any_target
        current = estate.current()
        self._targets_of = (current, targets(current, snmp_port))
        self._instrumentation = Instrumentation(estate)
        self.trap_poller = TrapPoller(poller, self._targets)
        self.traps = CollectorRegistry()
        self.traps.register(self.trap_poller)
        self.silences = SilenceKeeper(estate.current, alertmanager, state=state)
        self._failing: set[str] = set()

    def application(self) -> web.Application:
        """The aiohttp application."""
        application = web.Application(middlewares=[self._instrument])
        application.add_routes(
            [
                web.get("/", self.landing),
                web.get("/-/healthy", self.healthy),
                web.get("/metrics", self.metrics),
                web.get("/snmp", self.snmp),
                web.get("/journey", self.journey),
                web.get("/certificate", self.certificate),
                web.get("/traps", self.trap_counters),
                web.get("/maintenance", self.maintenance),
                web.get("/watchdog", self.watchdog),
                web.get("/targets/{job}", self.discovery),
                *(web.get(f"/{name}", self._collector(name)) for name in COLLECTORS),
            ]
        )
        return application

    async def healthy(self, _: web.Request) -> web.Response:
        """Whether the process lives and answers."""
        return web.Response(text="healthy\n")

    async def metrics(self, request: web.Request) -> web.Response:
        """The exporter's own metrics."""
        self._estate.current()
        return _exposition(self._instrumentation.registry, request)

    async def snmp(self, request: web.Request) -> web.Response:
        """A poll of one device or host of the inventory: ``?target=NAME[&profile=A,B]``.

        400 for a target or profile that does not exist: this is no open proxy.
        """
        targets = self._targets()
        name = request.query.get("target", "")
        target = targets.get(name) or (self._unlisted(name) if self._any_target else None)
        if target is None:
            return _refused("target", name, sorted(targets))
        names = request.query.get("profile")
        profiles = tuple(dict.fromkeys(names.split(","))) if names else ()
        for profile in profiles:
            if profile not in self._poller.catalogue:
                return _refused("profile", profile, sorted(self._poller.catalogue))
        result = await self._poller.poll(target, deadline_seconds(request), profiles)
        self._record(result)
        text = render(result.families())
        return web.Response(body=text.encode(), headers={"Content-Type": CONTENT_TYPE_PLAIN_0_0_4})

    async def journey(self, request: web.Request) -> web.Response:
        """A journey of a service, taken now: ``?target=SERVICE/JOURNEY``; 400 for any other."""
        known = journeys(self._estate.current())
        name = request.query.get("target", "")
        if name not in known:
            return _refused("target", name, sorted(known))
        taken = await take(known[name], self._state, deadline_seconds(request))
        self._tell(name, taken.trouble)
        return _exposition(JourneyMetrics(taken), request)

    async def certificate(self, request: web.Request) -> web.Response:
        """The certificate that a service shows: ``?target=NAME``; 400 for what has no https."""
        name, targets = request.query.get("target", ""), certificate_targets(self._estate.current())
        if name not in targets:
            return _refused("target", name, sorted(targets))
        seen = await see(targets[name], authority_file(self._state), deadline_seconds(request))
        return _exposition(seen, request)

    async def trap_counters(self, request: web.Request) -> web.Response:
        """Traps by device, and the polls made because of them."""
        return _exposition(self.traps, request)

    async def maintenance(self, request: web.Request) -> web.Response:
        """What is in maintenance now, and until when."""
        return _exposition(self.silences, request)

    async def watchdog(self, _: web.Request) -> web.Response:
        """The municipalities whose Watchdog alert Alertmanager holds, for who has no login there.

        503 with the reason when that is not known.
        """
        try:
            return web.json_response(await asyncio.to_thread(self.silences.watchdogs))
        except SilencesError as error:
            return web.Response(text=f"{error}\n", status=HTTPStatus.SERVICE_UNAVAILABLE)

    async def discovery(self, request: web.Request) -> web.Response:
        """The targets of a job, as http_sd."""
        job = JOBS.get(request.match_info["job"])
        if job is None:
            return _refused("job", request.match_info["job"], sorted(JOBS), status=404)
        return web.json_response(job(self._estate.current()))

    async def landing(self, _: web.Request) -> web.Response:
        """Links to everything, for the person who opens the address in a browser."""
        paths = ["/metrics", "/traps", "/maintenance", *(f"/{name}" for name in COLLECTORS)]
        paths += [f"/targets/{job}" for job in JOBS]
        paths += [f"/journey?target={name}" for name in journeys(self._estate.current())]
        paths += [f"/snmp?target={name}" for name in sorted(self._targets())]
        links = "".join(f'<li><a href="{escape(p)}">{escape(p)}</a></li>' for p in paths)
        return web.Response(
            text="<!doctype html><html lang='en'><title>Bastide exporter</title>"
            f"<h1>Bastide exporter</h1><ul>{links}</ul></html>",
            content_type="text/html",
        )

    def _targets(self) -> Mapping[str, SnmpTarget]:
        """What may be polled, listed once for each reading of the estate."""
        estate = self._estate.current()
        if estate is not self._targets_of[0]:
            self._targets_of = (estate, targets(estate, self._snmp_port))
        return self._targets_of[1]

    def _unlisted(self, address: str) -> SnmpTarget | None:
        return unlisted_target(address, self._estate.current().snmp, self._snmp_port)

    def _collector(self, name: str) -> Handler:
        async def answer(request: web.Request) -> web.StreamResponse:
            collector = MonitoredCollector(name, self._state, self._estate.current())
            return await asyncio.to_thread(_exposition, collector, request)

        return answer

    def _record(self, result: PollResult) -> None:
        """Count a poll, and tell of it."""
        self._instrumentation.poll(success=result.success)
        self.trap_poller.record(result)
        name, trouble = result.target.name, result.problem
        log.debug("%s: %.3f s %s", name, result.duration_seconds, trouble)
        self._tell(name, trouble)

    def _tell(self, name: str, trouble: str) -> None:
        """Log when something begins or ends to fail."""
        if trouble and name not in self._failing:
            self._failing.add(name)
            log.warning("%s: %s", name, trouble)
        elif not trouble and name in self._failing:
            self._failing.remove(name)
            log.info("%s: answers well again", name)

    @web.middleware
    async def _instrument(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Count a request and its duration, by the path as it is routed."""
        started = time.monotonic()
        resource = request.match_info.route.resource
        path = resource.canonical if resource else "unknown"
        code: int = HTTPStatus.INTERNAL_SERVER_ERROR
        try:
            response = await handler(request)
            code = response.status
        except web.HTTPException as error:
            code = error.status
            raise
        finally:
            self._instrumentation.request(path, code, time.monotonic() - started)
        return response


def deadline_seconds(request: web.Request) -> float:
    """How long a poll may take: Prometheus's own timeout less what the way back takes."""
    try:
        timeout = float(request.headers.get(TIMEOUT_HEADER, DEFAULT_TIMEOUT_SECONDS))
    except ValueError:
        timeout = DEFAULT_TIMEOUT_SECONDS
    if not 0 < timeout < float("inf"):
        timeout = DEFAULT_TIMEOUT_SECONDS
    return max(MIN_DEADLINE_SECONDS, timeout - OFFSET_SECONDS)


def _exposition(collector: Collector, request: web.Request) -> web.Response:
    body, content_type = encode(collector, request.headers.get("Accept", ""))
    return web.Response(body=body, headers={"Content-Type": content_type})


def _refused(what: str, given: str | None, valid: list[str], status: int = 400) -> web.Response:
    names = ", ".join(valid[:MAX_NAMES_IN_HINT]) or "none"
    more = len(valid) - MAX_NAMES_IN_HINT
    rest = f" and {more} more (see /targets/snmp)" if more > 0 else ""
    problem = f"unknown {what} {given!r}" if given else f"no {what} given"
    return web.Response(status=status, text=f"{problem}; there are: {names}{rest}\n")
