"""Debian's Alertmanager on loopback, and a receiver of what it sends."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import yaml

from monitors.web_api import WebApi
from tests.loopback import HERE, free_port
from tests.waiting import is_ready, wait_until

QUICK = {"group_by": ["..."], "group_wait": "0s", "group_interval": "1s", "repeat_interval": "1h"}


@dataclass
class Desk:
    """Takes Alertmanager's webhooks; ``alerts`` are all that it was sent, in order.

    ``messages`` are the same as they came, each with when it did.
    """

    alerts: list[dict[str, Any]] = field(default_factory=list)
    messages: list[tuple[datetime, dict[str, Any]]] = field(default_factory=list)
    port: int = 0
    host: str = "127.0.0.1"

    @contextmanager
    def open(self) -> Iterator[None]:
        alerts, messages = self.alerts, self.messages

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                messages.append((datetime.now(UTC), message))
                alerts.extend(message["alerts"])
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                return

        with ThreadingHTTPServer((self.host, 0), Handler) as server:
            self.port = server.server_port
            Thread(target=server.serve_forever, daemon=True).start()
            yield
            server.shutdown()

    def names(self, status: str = "firing") -> list[str]:
        return [a["labels"]["alertname"] for a in self.alerts if a["status"] == status]


@contextmanager
def alertmanager(
    folder: Path,
    desk: Desk | None = None,
    api: WebApi | None = None,
    web: Path | None = None,
    config: dict[str, Any] | None = None,
) -> Iterator[WebApi]:
    """Run it at ``api`` with its ``web`` file, or at a free port and open to all.

    Without a ``config`` of its own every alert goes to the desk within a second or two.
    """
    folder.mkdir(parents=True, exist_ok=True)
    receiver: dict[str, Any] = {"name": "desk"}
    if desk:
        hook = {"url": f"http://127.0.0.1:{desk.port}/", "send_resolved": True}
        receiver["webhook_configs"] = [hook]
    config = config or {"route": {"receiver": "desk", **QUICK}, "receivers": [receiver]}
    (folder / "alertmanager.yml").write_text(yaml.safe_dump(config), encoding="utf-8")
    program = shutil.which("prometheus-alertmanager")
    assert program, "prometheus-alertmanager is a package of Debian"
    api = api or WebApi(f"http://{HERE}:{free_port()}")
    arguments = (
        f"--config.file={folder / 'alertmanager.yml'}",
        f"--storage.path={folder / 'data'}",
        f"--web.listen-address={api.base.partition('//')[2]}",
        *([f"--web.config.file={web}"] if web else []),
        "--cluster.listen-address=",
    )
    with (
        (folder / "alertmanager.log").open("ab") as log,
        subprocess.Popen((program, *arguments), stdout=log, stderr=log) as process,
    ):
        try:
            assert wait_until(lambda: is_ready(api), 20)
            yield api
        finally:
            process.terminate()


def fire(api: WebApi, name: str, *, minutes: float = 60, **labels: str) -> None:
    """Give it an alert, as Prometheus does."""
    now = datetime.now(UTC)
    alert = {
        "labels": {"alertname": name, "severity": "page", **labels},
        "startsAt": now.isoformat(),
        "endsAt": (now + timedelta(minutes=minutes)).isoformat(),
    }
    api.json("/api/v2/alerts", [alert])
