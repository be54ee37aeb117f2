"""Real servers on addresses of the loopback: TLS by OpenSSL, HTTP, and ports that say something."""

import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from tests.loopback import free_port

# Not 127.0.0.1: what has the looker's own address is the looker.
HERE = "127.77.8.3"
NAME = "app.velgora.test"
Converse = Callable[[socket.socket], None]


@contextmanager
def serving(converse: Converse, address: str = HERE, port: int = 0) -> Iterator[int]:
    """Serve a port, one connection after the other, each by a function; yield the port."""
    server = socket.create_server((address, port))

    def accept() -> None:
        with suppress(OSError):
            while True:
                link, _ = server.accept()
                with link, suppress(OSError):
                    converse(link)

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield server.getsockname()[1]
    finally:
        server.shutdown(socket.SHUT_RDWR)
        server.close()
        thread.join()


@contextmanager
def http_server(
    status: int, headers: dict[str, str], certified: Path | None = None
) -> Iterator[int]:
    """Serve one answer to every HEAD over HTTP, over TLS with a certificate."""

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer((HERE, 0), Handler)
    if certified:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certified)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def certificate(folder: Path, name: str = NAME, bits: int = 2048) -> Path:
    """Write a self-signed certificate and its key into one file."""
    key = rsa.generate_private_key(65537, bits)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=90))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    file = folder / f"{name}-{bits}.pem"
    file.write_bytes(
        signed.public_bytes(pem)
        + key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return file


@contextmanager
def tls_server(file: Path, *options: str, address: str = HERE) -> Iterator[int]:
    """Serve TLS by `openssl s_server`, one connection after the other."""
    port = free_port(address)
    command = ["openssl", "s_server", "-accept", f"{address}:{port}", "-cert", file, *options]
    with subprocess.Popen(
        [str(word) for word in command],
        stdin=subprocess.PIPE,  # it would hang up where there is none
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as process:
        try:
            assert process.stdout is not None
            while (line := process.stdout.readline()) and b"ACCEPT" not in line:
                pass
            assert line, "openssl s_server did not start"
            yield port
        finally:
            process.terminate()


def says(*lines: bytes, then: Converse = lambda _: None) -> Converse:
    """Return a server's part that answers each thing it hears with the next line."""

    def converse(link: socket.socket) -> None:
        first, *others = lines
        link.sendall(first)
        for line in others:
            if not link.recv(4096):
                return
            link.sendall(line)
        then(link)

    return converse


def silent(link: socket.socket) -> None:
    """Hear and say nothing until the other side goes."""
    while link.recv(4096):
        pass
