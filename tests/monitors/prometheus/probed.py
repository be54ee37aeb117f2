"""Debian's blackbox_exporter on loopback, and a site that answers well and wrongly."""

import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import yaml

from tests.loopback import free_port

PATIENCE_SECONDS = 60
# By path: the status, where it leads to, and the page.
ANSWERS: dict[str, tuple[int, str, str]] = {
    "/": (200, "", "<h1>Permits (new)</h1>"),
    "/empty": (200, "", "<h1>Permits new</h1>"),
    "/private": (401, "", ""),
    "/login": (302, "https://login.example/?a=1", ""),
    "/moved": (301, "https://login.example/?a=1", ""),
    "/login-elsewhere": (302, "https://login.example.test/?a=1&b", ""),
}


class Answer(BaseHTTPRequestHandler):
    """Answers as the table says; 404 for every other path."""

    def do_GET(self) -> None:
        """Answer."""
        status, location, page = ANSWERS.get(self.path, (404, "", ""))
        self.send_response(status)
        if location:
            self.send_header("Location", location)
        self.end_headers()
        self.wfile.write(page.encode())

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@contextmanager
def site() -> Iterator[str]:
    """Serve the table meanwhile; yield its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def blackbox_exporter(config: dict[str, Any], folder: Path) -> Iterator[str]:
    """Run the exporter with a configuration meanwhile; yield its address."""
    file, listen = folder / "blackbox.yml", f"127.0.0.1:{free_port()}"
    file.write_text(yaml.safe_dump(config))
    command = ["prometheus-blackbox-exporter", f"--config.file={file}"]
    process = subprocess.Popen([*command, f"--web.listen-address={listen}", "--log.level=error"])
    try:
        _await(listen)
        yield listen
    finally:
        process.terminate()
        process.wait()


def probe(exporter: str, module: str, target: str) -> dict[str, float]:
    """Return the metrics without labels of one probe."""
    url = f"http://{exporter}/probe?module={module}&target={target}"
    with urllib.request.urlopen(url, timeout=PATIENCE_SECONDS) as answer:
        lines = answer.read().decode().splitlines()
    pairs = (line.split() for line in lines if not line.startswith("#") and "{" not in line)
    return {name: float(value) for name, value in pairs}


def _await(listen: str) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            urllib.request.urlopen(f"http://{listen}/-/healthy", timeout=5).close()
        except (urllib.error.URLError, OSError):
            if time.monotonic() > end:
                raise
            time.sleep(0.1)
        else:
            return
