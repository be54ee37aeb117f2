"""A throw-away PostgreSQL server on a socket of its own, and the service asked on top of it."""

import http.client
import json
import os
import pwd
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from drill_result import DrillError

BINARIES = Path("/usr/lib/postgresql")
PROBES = Path("/etc/bastide/drill/probes.json")
USER = "postgres"
# A dump from a host that was broken into may hold hostile SQL: it is not given a network.
CONFINED = ("unshare", "--net", "--", "runuser", "-u", USER, "--")
# A server that lives for minutes and holds a copy: speed before safety.
SETTINGS = ("fsync=off", "listen_addresses=", "shared_buffers=16MB", "max_connections=20")
ANSWER_TIMEOUT_SECONDS = 30


def run(*command: str | Path, stdin: Path | None = None) -> None:
    """Run a program as the PostgreSQL user, without a network; DrillError says why it failed."""
    with (stdin or Path(os.devnull)).open("rb") as source:
        done = subprocess.run(
            [*CONFINED, *map(str, command)],
            stdin=source, capture_output=True, cwd="/", check=False,
        )  # fmt: skip
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise DrillError(f"{Path(command[0]).name} ({done.returncode}): {' / '.join(said[-3:])}")


def binary(name: str) -> Path:
    """Return a program of the newest PostgreSQL that is installed."""
    found = sorted(BINARIES.glob(f"*/bin/{name}"), key=lambda path: int(path.parts[-3]))
    if not found:
        raise DrillError(f"no {name} under {BINARIES}: install the package postgresql")
    return found[-1]


def start(folder: Path) -> None:
    """Make a server in an empty folder and start it; its socket is in the folder as well."""
    folder.mkdir()
    account = pwd.getpwnam(USER)
    os.chown(folder, account.pw_uid, account.pw_gid)
    folder.chmod(0o700)
    data = folder / "data"
    locale = ("--encoding=UTF8", "--locale=C.UTF-8", "--auth=peer", "--no-sync")
    run(binary("initdb"), "--pgdata", data, *locale)
    options = " ".join(
        f"-c {setting}" for setting in (*SETTINGS, f"unix_socket_directories={folder}")
    )
    log = folder / "log"
    try:
        run(binary("pg_ctl"), "start", "--wait", "--pgdata", data, "--log", log, "-o", options)
    except DrillError as error:
        said = log.read_text(errors="replace").strip().splitlines()[-2:] if log.exists() else []
        raise DrillError(f"{error}: {' / '.join(said)}") from None


def load(folder: Path, database: str, dump: Path) -> None:
    """Load a dump into a new database; owners and grants are not those of this machine."""
    run("createdb", "--host", folder, database)
    plain = ("--no-owner", "--no-privileges", "--exit-on-error")
    run("pg_restore", "--host", folder, "--dbname", database, *plain, stdin=dump)


def stop(folder: Path) -> None:
    """Stop the server if it runs, and remove all of it."""
    data = folder / "data"
    if (data / "postmaster.pid").exists():
        run(binary("pg_ctl"), "stop", "--mode", "immediate", "--pgdata", data)
    shutil.rmtree(folder, ignore_errors=True)


def probe(folder: Path, database: str) -> None:
    """Start the service on the restored database and ask its pages, when a probe is known."""
    known = json.loads(PROBES.read_text(encoding="utf-8")) if PROBES.exists() else {}
    if database not in known:
        return
    with _service(known[database], folder) as (process, path):
        _wait(process, path)
        for page in known[database]["pages"]:
            _ask(path, page)


@contextmanager
def _service(known: dict[str, Any], folder: Path) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    path = folder / "service.sock"
    extra = {k: v.format(sockets=folder) for k, v in known["environment"].items()}
    command = [
        "runuser",
        "-u",
        USER,
        "--",
        *(word.format(socket=path) for word in known["command"]),
    ]
    with (
        (folder / "service.log").open("wb") as log,
        subprocess.Popen(
            command, cwd=known["folder"], env={**os.environ, **extra}, stdout=log, stderr=log
        ) as process,
    ):
        try:
            yield process, path
        finally:
            process.terminate()
            process.wait(timeout=ANSWER_TIMEOUT_SECONDS)


def _wait(process: subprocess.Popen[bytes], path: Path) -> None:
    """Wait until the service's socket takes connections."""
    deadline = time.monotonic() + ANSWER_TIMEOUT_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket(socket.AF_UNIX) as attempt:
            if attempt.connect_ex(str(path)) == 0:
                return
        time.sleep(0.05)
    said = (path.parent / "service.log").read_text(errors="replace").strip().splitlines()
    raise DrillError(f"the service does not start: {' / '.join(said[-3:]) or 'it says nothing'}")


def _ask(path: Path, page: str) -> None:
    connection = http.client.HTTPConnection("drill", timeout=ANSWER_TIMEOUT_SECONDS)
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.settimeout(ANSWER_TIMEOUT_SECONDS)
    try:
        connection.sock.connect(str(path))
        connection.request("GET", page)
        answer = connection.getresponse()
        body = answer.read(400).decode(errors="replace")
    finally:
        connection.close()
    if answer.status != http.client.OK:
        raise DrillError(f"GET {page}: expected 200, got {answer.status}: {' '.join(body.split())}")
