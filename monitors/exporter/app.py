"""The exporter's HTTP interface: what it serves where."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from html import escape
from pathlib import Path

from aiohttp import web

from monitors.exporter import collectors
from monitors.exporter.estate_watcher import EstateWatcher
from monitors.exporter.http_sd import JOBS
from monitors.exporter.instrumentation import About
from monitors.exporter.trap_poller import TrapPoller
from monitors.metrics import CONTENT_TYPE, Family, render
from monitors.snmp.poller import Poller, PollResult
from monitors.snmp.profile import shipped_profiles
from monitors.snmp.targets import PORT, Target, stranger, targets

log = logging.getLogger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

TIMEOUT_HEADER = "X-Prometheus-Scrape-Timeout-Seconds"
DEFAULT_TIMEOUT_SECONDS = 10.0
# What is left for rendering and the way back, so that Prometheus gets a late answer in time.
OFFSET_SECONDS = 0.5
LEAST_DEADLINE_SECONDS = 0.5
MOST_NAMES_IN_HINT = 20


class Exporter:
    """Answers for one estate."""

    def __init__(
        self,
        watched: EstateWatcher,
        state: Path,
        poller: Poller,
        snmp_port: int = PORT,
        *,
        any_target: bool = False,
    ) -> None:
        """``state`` is the estate's state directory, where audits and drills are.

        ``any_target``: any address may be asked, not the inventory's devices only. Whoever
        receives traps sets ``traps`` to what it counted and calls ``repoller.on_trap``.
        """
        self._watched, self._state, self._poller = watched, state, poller
        self._snmp_port, self._any_target = snmp_port, any_target
        estate = watched.current()
        self._listed = (estate, targets(estate, snmp_port))
        self._about = About()
        self.repoller = TrapPoller(poller, self._targets)
        self.traps: Callable[[], Iterable[Family]] = tuple
        self._failing: set[str] = set()

    def application(self) -> web.Application:
        """The aiohttp application."""
        application = web.Application(middlewares=[self._counting])
        application.add_routes(
            [
                web.get("/", self.landing),
                web.get("/-/healthy", self.healthy),
                web.get("/metrics", self.metrics),
                web.get("/snmp", self.snmp),
                web.get("/traps", self.trapped),
                web.get("/targets/{job}", self.discovery),
                *(web.get(f"/{name}", self._collector(name)) for name in collectors.COLLECTORS),
            ]
        )
        return application

    async def healthy(self, _: web.Request) -> web.Response:
        """Whether the process lives and answers."""
        return web.Response(text="healthy\n")

    async def metrics(self, _: web.Request) -> web.Response:
        """The exporter's own metrics."""
        self._watched.current()
        return _metrics(render(self._about.families(self._watched)))

    async def snmp(self, request: web.Request) -> web.Response:
        """A poll of one device or host of the inventory: ``?target=NAME[&profile=A,B]``.

        400 for a target or profile that does not exist: this is no open proxy.
        """
        known = self._targets()
        name = request.query.get("target", "")
        target = known.get(name) or (self._stranger(name) if self._any_target else None)
        if target is None:
            return _refused("target", name, sorted(known))
        asked = request.query.get("profile")
        wanted = tuple(dict.fromkeys(asked.split(","))) if asked else ()
        for profile in wanted:
            if profile not in shipped_profiles():
                return _refused("profile", profile, sorted(shipped_profiles()))
        result = await self._poller.poll(target, deadline_seconds(request), wanted)
        self._note(result)
        return _metrics(render(result.families()))

    async def trapped(self, _: web.Request) -> web.Response:
        """What devices told by themselves: traps by device, and what was polled because of them."""
        return _metrics(render([*self.traps(), *self.repoller.families()]))

    async def discovery(self, request: web.Request) -> web.Response:
        """The targets of a job, as http_sd."""
        job = JOBS.get(request.match_info["job"])
        if job is None:
            return _refused("job", request.match_info["job"], sorted(JOBS), status=404)
        return web.json_response(job(self._watched.current()))

    async def landing(self, _: web.Request) -> web.Response:
        """Links to everything, for the person who opens the address in a browser."""
        paths = ["/metrics", "/traps", *(f"/{name}" for name in collectors.COLLECTORS)]
        paths += [f"/targets/{job}" for job in JOBS]
        paths += [f"/snmp?target={name}" for name in sorted(self._targets())]
        links = "".join(f'<li><a href="{escape(p)}">{escape(p)}</a></li>' for p in paths)
        return web.Response(
            text="<!doctype html><html lang='en'><title>Bastide exporter</title>"
            f"<h1>Bastide exporter</h1><ul>{links}</ul></html>",
            content_type="text/html",
        )

    def _targets(self) -> Mapping[str, Target]:
        """What may be asked, listed once for each reading of the estate."""
        estate = self._watched.current()
        if estate is not self._listed[0]:
            self._listed = (estate, targets(estate, self._snmp_port))
        return self._listed[1]

    def _stranger(self, address: str) -> Target | None:
        return stranger(address, self._watched.current().snmp, self._snmp_port)

    def _collector(self, name: str) -> Handler:
        async def answer(_: web.Request) -> web.StreamResponse:
            estate = self._watched.current()
            return _metrics(await asyncio.to_thread(collectors.text, name, self._state, estate))

        return answer

    def _note(self, result: PollResult) -> None:
        """Count a poll; log when a device begins or ends to fail, not each time it does."""
        self._about.poll(success=result.success)
        self.repoller.note(result)
        name, trouble = result.target.name, result.trouble
        log.debug("%s: %.3f s %s", name, result.duration_seconds, trouble)
        if trouble and name not in self._failing:
            self._failing.add(name)
            log.warning("%s: %s", name, trouble)
        elif not trouble and name in self._failing:
            self._failing.remove(name)
            log.info("%s: answers well again", name)

    @web.middleware
    async def _counting(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        resource = request.match_info.route.resource
        name = resource.canonical if resource else "unknown"
        try:
            response = await handler(request)
        except web.HTTPException as error:
            self._about.request(name, error.status)
            raise
        self._about.request(name, response.status)
        return response


def deadline_seconds(request: web.Request) -> float:
    """How long a poll may take: Prometheus's own timeout less what the way back takes."""
    try:
        timeout = float(request.headers.get(TIMEOUT_HEADER, DEFAULT_TIMEOUT_SECONDS))
    except ValueError:
        timeout = DEFAULT_TIMEOUT_SECONDS
    if not 0 < timeout < float("inf"):
        timeout = DEFAULT_TIMEOUT_SECONDS
    return max(LEAST_DEADLINE_SECONDS, timeout - OFFSET_SECONDS)


def _metrics(text: str) -> web.Response:
    return web.Response(body=text.encode(), headers={"Content-Type": CONTENT_TYPE})


def _refused(what: str, given: str | None, known: list[str], status: int = 400) -> web.Response:
    shown = ", ".join(known[:MOST_NAMES_IN_HINT]) or "none"
    more = len(known) - MOST_NAMES_IN_HINT
    rest = f" and {more} more (see /targets/snmp)" if more > 0 else ""
    found = f"unknown {what} {given!r}" if given else f"no {what} given"
    return web.Response(status=status, text=f"{found}; there are: {shown}{rest}\n")
