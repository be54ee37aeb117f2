"""A server that answers as Prometheus and Alertmanager do, with what a test puts into it."""

import json
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from bastide.actions.goals import GOALS
from bastide.actions.status import SILENT
from bastide.support.estate import EstateContext
from inventory.entries import hosts
from tests.bastide.web_server import authorization, server_tls

STARTED = "2026-11-28T01:41:07.123456789Z"
PROMETHEUS_PORT, ALERTMANAGER_PORT = 9090, 9093


@dataclass
class Monitored:
    """What is scraped, which probes fail and which alerts fire; a test changes it as it likes."""

    targets: list[dict[str, Any]] = field(default_factory=list)
    probes: list[dict[str, str]] = field(default_factory=list)
    silent: list[dict[str, str]] = field(default_factory=list)
    goals: list[tuple[dict[str, str], str]] = field(default_factory=list)
    alerts: list[dict[str, Any]] = field(default_factory=list)
    silences: list[dict[str, Any]] = field(default_factory=list)

    def scrape(self, host: str, health: str = "up", error: str = "") -> None:
        labels = {"job": "node", "host": host, "instance": f"{host}:9100"}
        self.targets.append({"labels": labels, "health": health, "lastError": error})

    def fire(
        self, name: str, severity: str = "page", starts_at: str = STARTED, **labels: str
    ) -> None:
        labels |= {"alertname": name, "severity": severity}
        runbook = {"runbook_url": f"http://ops/user/runbooks/{name}.html"}
        status = {"state": "active", "silencedBy": [], "inhibitedBy": []}
        self.alerts.append(
            {"labels": labels, "annotations": runbook, "startsAt": starts_at, "status": status}
        )

    def silence(self, silence_id: str, comment: str, state: str = "active") -> None:
        """Silence what was fired last."""
        matcher = {"name": "host", "value": "central-ops", "isRegex": False, "isEqual": True}
        self.silences.append(
            {
                "id": silence_id,
                "matchers": [matcher],
                "startsAt": STARTED,
                "endsAt": "2099-01-16T22:00:00.000Z",
                "createdBy": "Ana Ilić",
                "comment": comment,
                "status": {"state": state},
            }
        )
        if state == "active":
            self.alerts[-1]["status"]["silencedBy"].append(silence_id)

    def answer(self, path: str) -> Any:
        """The document at a path of either API, as their documentation has it."""
        if path.startswith("/api/v1/targets?state=active"):
            return {"status": "success", "data": {"activeTargets": self.targets}}
        if path.startswith("/api/v1/query?"):
            asked = parse_qs(urlsplit(path).query)["query"][0]
            known = {SILENT: [(metric, "0") for metric in self.silent], GOALS: self.goals}
            found = known.get(asked, [(metric, "0") for metric in self.probes])
            samples = [{"metric": metric, "value": [0, value]} for metric, value in found]
            return {"status": "success", "data": {"resultType": "vector", "result": samples}}
        if path.startswith("/api/v2/alerts?active=true"):
            return self.alerts
        if path == "/api/v2/silences":
            return self.silences
        return None


@contextmanager
def watching(context: EstateContext, network: str, *alerts: str) -> Iterator[Monitored]:
    """Answer for an estate of `new_context`: every host is scraped, and these alerts fire."""
    monitored = Monitored()
    for entry in hosts(context.estate):
        monitored.scrape(entry.name)
    for alert in alerts:
        monitored.fire(alert)
    with serving(context, f"{network}10", monitored):
        yield monitored


@contextmanager
def serving(context: EstateContext, address: str, monitored: Monitored) -> Iterator[None]:
    """Answer on both ports of an address while the block runs, over TLS and to who logs in."""
    with ExitStack() as stack:
        for port in (PROMETHEUS_PORT, ALERTMANAGER_PORT):
            server = ThreadingHTTPServer(
                (address, port), _handler(monitored, authorization(context))
            )
            server.socket = server_tls(context).wrap_socket(server.socket, server_side=True)
            stack.callback(server.server_close)
            thread = threading.Thread(target=server.serve_forever, args=(0.02,))
            thread.start()
            stack.callback(thread.join)
            stack.callback(server.shutdown)
        yield


def _handler(monitored: Monitored, login: str) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            known = self.headers.get("Authorization") == login
            document = monitored.answer(self.path) if known else None
            self.send_response(404 if document is None and known else 200 if known else 401)
            self.end_headers()
            self.wfile.write(json.dumps(document).encode())

        def log_message(self, format: str, *args: object) -> None:
            """Print nothing."""

    return Handler
