"""A small service on the loopback, over TLS, with a login, a form, and pages that mean harm."""

import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

PASSWORD = "correct horse"
HOME = "<title>Permits</title><p>Welcome</p><a href='/login'>Log <b>in</b></a>"
LOGIN = (
    "<form method=post action=/session><input type=hidden name=token value=t0k>"
    "<input name=user><input type=password name=pin><button>Log in</button></form>"
    "<form action=/search><input name=q><button>Search</button></form>"
)
APPLY = (
    "<form method=post action=/sent enctype=multipart/form-data><textarea name=what></textarea>"
    "<select name=kind><option value=house>House<option value=shed>Shed</select>"
    "<button name=do value=save>Save</button><button name=do value=send>Send it</button></form>"
)
HARM: dict[str, tuple[int, dict[str, str], bytes]] = {
    "/error": (500, {}, b"Traceback"),
    "/loop": (302, {"Location": "/loop"}, b""),
    "/away": (302, {"Location": "https://127.66.66.66/"}, b""),
    "/open": (302, {"Location": "http://{host}/"}, b""),
    "/file": (302, {"Location": "file:///etc/passwd"}, b""),
    "/nowhere": (302, {"Location": "https://[::1/"}, b""),
    "/deep": (200, {}, b"<div>" * 200_000 + b"Welcome"),
    "/attributes": (200, {}, b"<a " + b"x=y " * 200_000 + b">Welcome</a>"),
    "/comments": (200, {}, b"<!--" * 300_000),
    "/noise": (200, {}, bytes(range(256)) * 2000),
    "/nothing": (200, {}, b""),
    "/charset": (200, {"Content-Type": "text/html; charset=nonsense"}, b"<p>Welcome</p>"),
    "/packed": (200, {"Content-Encoding": "gzip"}, b"\x1f\x8b" + b"\0" * 100),
    "/links": (
        200,
        {},
        b"<a href='https://[::1/'>Log in</a><form action='//[' ><input name=q></form>",
    ),
    "/elsewhere": (
        200,
        {},
        b"<form method=post action=https://127.66.66.66/><input name=pin></form>",
    ),
}


@dataclass
class Office:
    """Where it is, and what was sent to it."""

    address: str
    sent: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    release: threading.Event = field(default_factory=threading.Event)


@contextmanager
def office(host: str, tls: ssl.SSLContext | None) -> Iterator[Office]:
    """Serve while the block runs."""
    server = ThreadingHTTPServer((host, 0), BaseHTTPRequestHandler)
    server.daemon_threads = True
    there = Office(f"{host}:{server.server_port}")
    server.RequestHandlerClass = type("Handler", (_Handler,), {"there": there})
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield there
    finally:
        there.release.set()
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    there: Office

    def do_GET(self) -> None:
        path = urlsplit(self.path)
        pages: dict[str, Callable[[], None]] = {
            "/": lambda: self.page(HOME),
            "/login": lambda: self.page(LOGIN, {"Set-Cookie": "visit=1"}),
            "/apply": lambda: self.page(APPLY if self.cookie("session") else "Log in first"),
            "/search": lambda: self.page(f"Found {parse_qs(path.query).get('q')}"),
            "/endless": self.endless,
            "/slow": self.slow,
        }
        if path.path in HARM:
            status, headers, body = HARM[path.path]
            self.answer(status, body, headers)
        else:
            pages.get(path.path, lambda: self.answer(404, b"", {}))()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path == "/session":
            given = {name: values[0] for name, values in parse_qs(body.decode()).items()}
            self.there.sent.append((self.headers.get("Referer", ""), given))
            right = (given.get("pin"), given.get("token")) == (PASSWORD, "t0k")
            if right and self.cookie("visit"):
                self.answer(303, b"", {"Location": "/apply", "Set-Cookie": "session=1"})
            else:
                self.answer(403, b"", {})
        elif self.path == "/sent":
            kind = self.headers.get("Content-Type", "").split(";")[0]
            self.there.sent.append((kind, {"body": body.decode()}))
            self.page("Received" if b'"do"\r\n\r\nsend' in body else "Saved")

    def page(self, text: str, headers: Mapping[str, str] | None = None) -> None:
        self.answer(200, text.encode(), headers or {})

    def cookie(self, name: str) -> bool:
        return name in SimpleCookie(self.headers.get("Cookie", ""))

    def answer(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for key, value in {"Content-Type": "text/html", **headers}.items():
            self.send_header(key, value.replace("{host}", self.there.address))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        with suppress(OSError):
            self.wfile.write(body)

    def endless(self) -> None:
        self.send_response(200)
        self.end_headers()
        with suppress(OSError):
            while not self.there.release.is_set():
                self.wfile.write(b"<p>more" * 10_000)

    def slow(self) -> None:
        self.send_response(200)
        self.end_headers()
        with suppress(OSError):
            while not self.there.release.wait(0.1):
                self.wfile.write(b" ")

    def log_message(self, format: str, *args: object) -> None:
        """Print nothing."""
