"""One question to each service of the town, from where its users are; it raises when unanswered."""

import ctypes
import os
import socket
import ssl
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from tests.strange_town import machines
from tests.strange_town.processes import environment
from tests.strange_town.town import Town

ANSWER_SECONDS = 5.0  # on a machine that is busy; `slowest` shows what was slow
CLONE_NEWNET = 0x40000000
OUTSIDE, OFFICE = "", "jump"  # where a question is asked from: this machine, or the jump host
DATABASE = "dbname=registar user=kancelarija password=Knjiga-rodjenih-12 connect_timeout=5"
ROWS = 1000
SAMBA_LOGIN = "milica%Papir-milica-7"
SAMBA_FILE = "Nalog broj 1 od 2026. godine"

Ask = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Probe:
    """A question to a service: its name, where it is asked from, and how."""

    name: str
    place: str
    ask: Ask


class UnansweredError(Exception):
    """An answer that is not the service's."""


def probes(town: Town) -> tuple[Probe, ...]:
    """Return the questions to all services of a town, by what their users rely on."""
    address = {name: host.addresses for name, host in town.hosts.items()}
    database, front, front6 = address["web"]
    office = address["jump"][1]
    context = ssl.create_default_context(cadata=town.authority)
    www, eusluge = "www.gradac.example", "eusluge.gradac.example"
    held = _HeldConnection(f"host={database} {DATABASE}")
    samba = _Samba(machines.init(town.ids, "jump"), address["files"][0])
    return (
        Probe("https-www", OUTSIDE, _https(context, front, www, b"Opstina Gradac")),
        Probe("https-www-ipv6", OUTSIDE, _https(context, front6, www, b"Opstina Gradac")),
        Probe("https-eusluge", OUTSIDE, _https(context, front, eusluge, b"Registar gradjana")),
        Probe("http-redirect", OUTSIDE, _http(front, 80, www, b"HTTP/1.1 301", "/")),
        Probe("published-port", OUTSIDE, _http(front, 8080, www, b"Registar gradjana", "/")),
        Probe("node-exporter", OUTSIDE, _http(address["new"][0], 9100, "nova", b"200 OK", "/")),
        Probe("postgresql-new", OFFICE, _query(f"host={database} {DATABASE}")),
        Probe("postgresql-held", OFFICE, held.ask),
        Probe("smb", OFFICE, samba.ask),
        Probe("dns", OUTSIDE, _name(address["jump"][0], www, front)),
        Probe("ssh-web", OFFICE, banner(database, 2222)),
        Probe("ssh-jump", OUTSIDE, banner(address["jump"][0], 22)),
        Probe("ssh-files", OUTSIDE, banner(address["files"][0], 22)),
        Probe("ssh-new", OUTSIDE, banner(address["new"][0], 22)),
        Probe("ssh-bare", OUTSIDE, banner(address["bare"][0], 22)),
        Probe("web-hosts-entry", OUTSIDE, _hosts_entry(machines.init(town.ids, "web"), office)),
    )


def enter(namespace: Path) -> None:
    """Move this thread, not the process, into a network namespace."""
    libc = ctypes.CDLL(None, use_errno=True)
    with namespace.open() as file:
        if libc.setns(file.fileno(), CLONE_NEWNET) != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number), str(namespace))


def _https(context: ssl.SSLContext, address: str, name: str, wanted: bytes) -> Ask:
    def ask() -> None:
        with (
            socket.create_connection((address, 443), ANSWER_SECONDS) as plain,
            context.wrap_socket(plain, server_hostname=name) as stream,
        ):
            _get(stream, name, "/", wanted)

    return ask


def _http(address: str, port: int, name: str, wanted: bytes, path: str) -> Ask:
    def ask() -> None:
        with socket.create_connection((address, port), ANSWER_SECONDS) as stream:
            _get(stream, name, path, wanted)

    return ask


def _get(stream: socket.socket, name: str, path: str, wanted: bytes) -> None:
    stream.sendall(f"GET {path} HTTP/1.0\r\nHost: {name}\r\n\r\n".encode())
    answer = b""
    while wanted not in answer:
        chunk = stream.recv(65536)
        if not chunk:
            raise UnansweredError(f"no {wanted!r} in {answer[:200]!r}")
        answer += chunk


def banner(address: str, port: int) -> Ask:
    def ask() -> None:
        with socket.create_connection((address, port), ANSWER_SECONDS) as stream:
            answer = stream.recv(64)
        if not answer.startswith(b"SSH-2.0-"):
            raise UnansweredError(f"no SSH banner but {answer!r}")

    return ask


def _name(server: str, name: str, wanted: str) -> Ask:
    question = b"".join(bytes([len(word)]) + word.encode() for word in name.split("."))
    query = b"\x27\x10\x01\0\0\1\0\0\0\0\0\0" + question + b"\0\0\1\0\1"  # RFC 1035, 4.1: A, IN

    def ask() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stream:
            stream.settimeout(ANSWER_SECONDS)
            stream.connect((server, 53))
            stream.send(query)
            answer = stream.recv(512)
        if socket.inet_aton(wanted) not in answer:
            raise UnansweredError(f"no {wanted} for {name} in {answer!r}")

    return ask


def _query(database: str) -> Ask:
    def ask() -> None:
        with psycopg.connect(database, autocommit=True) as connection:
            _count(connection)

    return ask


def _count(connection: "psycopg.Connection[tuple[object, ...]]") -> None:
    row = connection.execute("SELECT count(*) FROM upisi").fetchone()
    if row != (ROWS,):
        raise UnansweredError(f"{ROWS} rows expected, {row} counted")


@dataclass(slots=True)
class _HeldConnection:
    """A connection that is made once: when it breaks, each question that finds it broken fails."""

    database: str
    connection: "psycopg.Connection[tuple[object, ...]] | None" = None

    def ask(self) -> None:
        if self.connection is None:
            options = "keepalives_idle=1 tcp_user_timeout=5000"
            self.connection = psycopg.connect(f"{self.database} {options}", autocommit=True)
        try:
            _count(self.connection)
        except psycopg.OperationalError:
            self.connection = None
            raise


@dataclass(slots=True)
class _Samba:
    """The office's smbclient, in the jump host: it lists and reads with an account.

    The program is started anew for each question, so that each is a new connection and login.
    """

    office: int
    server: str
    argv: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        self.argv = (
            *("nsenter", "--target", str(self.office), "--mount", "--net"),
            *("smbclient", "--user", SAMBA_LOGIN, f"//{self.server}/sluzba"),
            *("--command", "ls nalozi/*; get nalozi/nalog-1.txt -"),
        )

    def ask(self) -> None:
        done = subprocess.run(
            self.argv,
            capture_output=True,
            text=True,
            check=False,
            timeout=ANSWER_SECONDS,
            env=environment({}),
            stdin=subprocess.DEVNULL,
        )
        if SAMBA_FILE not in done.stdout or "nalog-1.txt" not in done.stdout:
            raise UnansweredError(f"smbclient: {done.returncode} {done.stdout} {done.stderr}")


def _hosts_entry(init: int, wanted: str) -> Ask:
    argv = (
        "nsenter",
        "--target",
        str(init),
        "--mount",
        "--net",
        "getent",
        "ahostsv4",
        "kancelarija",
    )

    def ask() -> None:
        done = subprocess.run(
            argv,
            capture_output=True,
            text=True,
            check=False,
            timeout=ANSWER_SECONDS,
            env=environment({}),
        )
        if wanted not in done.stdout:
            raise UnansweredError(f"getent: {done.stdout!r}")

    return ask
