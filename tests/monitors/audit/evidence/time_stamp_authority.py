"""A time stamp authority on loopback, made of `openssl ts` (RFC 3161)."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

CONFIG = """
[tsa]
default_tsa = one
[one]
serial = {folder}/serial
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
accuracy = secs:1
ess_cert_id_alg = sha256
[certificate]
basicConstraints = critical,CA:false
keyUsage = critical,digitalSignature
extendedKeyUsage = critical,timeStamping
"""


def openssl(*words: object) -> None:
    subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True)


def new_authority(folder: Path) -> Path:
    """Make an authority's keys and certificates; return its root's certificate."""
    folder.mkdir()
    (folder / "serial").write_text("01\n")
    (folder / "ts.cnf").write_text(CONFIG.format(folder=folder))
    new = ("-newkey", "rsa:2048", "-nodes")
    openssl(*("req", "-x509", *new, "-keyout", folder / "root.key", "-out", folder / "root.pem"),
            *("-subj", "/CN=Root", "-days", 2))  # fmt: skip
    openssl(*("req", *new, "-keyout", folder / "tsa.key", "-out", folder / "tsa.csr"),
            *("-subj", "/CN=Stamps"))  # fmt: skip
    openssl(*("x509", "-req", "-in", folder / "tsa.csr", "-CA", folder / "root.pem"),
            *("-CAkey", folder / "root.key", "-CAcreateserial", "-out", folder / "tsa.pem"),
            *("-days", 2, "-extfile", folder / "ts.cnf", "-extensions", "certificate"))  # fmt: skip
    return folder / "root.pem"


def reply_to(query: bytes, folder: Path) -> bytes:
    """Return the authority's reply to a query."""
    (folder / "query").write_bytes(query)
    openssl(*("ts", "-reply", "-config", folder / "ts.cnf", "-section", "one"),
            *("-queryfile", folder / "query", "-signer", folder / "tsa.pem"),
            *("-inkey", folder / "tsa.key", "-out", folder / "reply"))  # fmt: skip
    return (folder / "reply").read_bytes()


@contextmanager
def serving(folder: Path, junk: bytes | None = None) -> Iterator[str]:
    """Serve an authority, or junk in its place; yield its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            query = self.rfile.read(int(self.headers["Content-Length"]))
            reply = reply_to(query, folder) if junk is None else junk
            self.send_response(200)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.end_headers()
            self.wfile.write(reply)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()
