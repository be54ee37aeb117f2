"""A server on loopback that plays Matrix, ntfy, Telegram and an SMS gateway: it keeps what came.

It answers as their documents say: Matrix by its client-server API (v1.11: a transaction that came
before is answered, and adds nothing), ntfy and Telegram with what they took.
"""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ssl import SSLContext
from threading import Thread
from typing import Any
from urllib.parse import parse_qsl, unquote


@dataclass(frozen=True)
class Request:
    """One request: method, path, headers, and the body as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode()))


@dataclass
class Receiver:
    """What came in; while ``status`` is not 200 everything is refused with it.

    ``says``: what is answered in place of what the documents say; ``seconds``: after how long.
    """

    requests: list[Request] = field(default_factory=list)
    status: int = 200
    next_statuses: list[int] = field(default_factory=list)
    port: int = 0
    transactions: dict[str, str] = field(default_factory=dict)
    says: Any = None
    seconds: float = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def posts(self) -> list[Request]:
        """What was taken by ntfy and gateways."""
        return [r for r in self.requests if r.method == "POST" and "/_matrix/" not in r.path]

    @property
    def room(self) -> list[str]:
        """What stands in the room of Matrix."""
        return list(self.transactions.values())

    def take(self, request: Request) -> tuple[int, Any]:
        if self.next_statuses:
            self.status = self.next_statuses.pop(0)
        if self.status != 200:
            return self.status, {"error": "refused", "errcode": "M_UNKNOWN"}
        self.requests.append(request)
        if self.says is not None:
            return 200, self.says
        path = unquote(request.path)
        if "/send/m.room.message/" in path:
            self.transactions.setdefault(path, request.json["body"])
            return 200, {"event_id": "$1"}
        if "/join/" in path:
            return 200, {"room_id": "!room:matrix.example"}
        if "/whoami" in path:
            return 200, {"user_id": "@bastide:matrix.example"}
        return 200, {"ok": True, "result": {"message_id": 1}, "id": "1"}

    @contextmanager
    def open(self, tls: SSLContext | None = None) -> Iterator[None]:
        take, there = self.take, self

        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                length = int(self.headers.get("Content-Length", 0))
                headers = {name.lower(): value for name, value in self.headers.items()}
                request = Request(self.command, self.path, headers, self.rfile.read(length))
                status, said = take(request)
                time.sleep(there.seconds)
                body = json.dumps(said).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = do_PUT = answer  # noqa: N815 - as the base class calls them

            def log_message(self, *_: object) -> None:
                return

        with ThreadingHTTPServer(("127.0.0.1", self.port), Handler) as server:
            if tls:
                server.socket = tls.wrap_socket(server.socket, server_side=True)
            self.port = server.server_port
            Thread(target=server.serve_forever, daemon=True).start()
            yield
            server.shutdown()
