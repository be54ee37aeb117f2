"""The web server under the stub: forms, uploads, tokens and Proxmox's way of saying no."""

import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from email.parser import BytesParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

ROOT = "/api2/json"


class RefusedError(Exception):
    """The API says no, with a status and words."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message


@dataclass
class Request:
    """What was asked: path without the root, form fields, and a file if one was sent."""

    method: str
    path: str
    token: str
    form: dict[str, str] = field(default_factory=dict)
    file: tuple[str, bytes] = ("", b"")


Answer = Callable[[Request], Any]


@contextmanager
def served(answer: Answer, certificate: str, key: str) -> Iterator[int]:
    """Serve on a free port of loopback; yields the port."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(answer))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _handler(answer: Answer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def handle_one(self) -> None:
            status, reason, body = self._result()
            data = json.dumps(body).encode()
            self.send_response(status, reason)
            self.send_header("Content-Type", "application/json;charset=UTF-8")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PUT = do_DELETE = handle_one  # noqa: N815 - http.server's names

        def _result(self) -> tuple[int, str, dict[str, Any]]:
            try:
                return 200, "OK", {"data": answer(_request(self))}
            except RefusedError as error:
                # The reason is in the status line, and in newer versions in the body as well.
                return error.status, error.message, {"data": None, "message": error.message + "\n"}

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler


def _request(handler: BaseHTTPRequestHandler) -> Request:
    parts = urlsplit(handler.path)
    path = unquote(parts.path).removeprefix(ROOT)
    token = handler.headers.get("Authorization", "").removeprefix("PVEAPIToken=")
    made = Request(handler.command, path, token, dict(parse_qsl(parts.query)))
    body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
    kind = handler.headers.get("Content-Type", "")
    if kind.startswith("multipart/form-data"):
        _read_parts(made, kind, body)
    elif body:
        made.form |= dict(parse_qsl(body.decode(), keep_blank_values=True))
    return made


def _read_parts(made: Request, kind: str, body: bytes) -> None:
    """Read what stands before the file as fields; what stands after it comes too late."""
    whole = BytesParser().parsebytes(b"Content-Type: " + kind.encode() + b"\r\n\r\n" + body)
    for part in whole.get_payload():
        if not isinstance(part, Message):
            continue
        payload = part.get_payload(decode=True)
        content = payload if isinstance(payload, bytes) else b""
        name = str(part.get_param("name", header="content-disposition"))
        filename = part.get_filename()
        if filename is not None:
            made.file = (filename, content)
            return
        made.form[name] = content.decode()
