"""A PostgreSQL server of the test's own: unprivileged, on a socket only, gone at the end."""

import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, text

PROGRAMS = Path("/usr/lib/postgresql")
OWNER = "bastide"
START_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Server:
    """A running server: the folder of its socket and its owner's password."""

    folder: Path
    password: str

    def url(self, database: str, password: str | None = None) -> str:
        return f"postgresql://{OWNER}:{password or self.password}@/{database}?host={self.folder}"

    def make_database(self) -> str:
        """Make an empty database; return its URL."""
        name = f"store_{secrets.token_hex(6)}"
        url = self.url("postgres").replace("postgresql:", "postgresql+psycopg:")
        with create_engine(url, isolation_level="AUTOCOMMIT").connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
        return self.url(name)


def program(name: str) -> str:
    programs = sorted(PROGRAMS.glob(f"*/bin/{name}"))
    assert programs, f"{name} is in Debian's package postgresql: tools/install-debian-packages test"
    return str(programs[-1])


@contextmanager
def running() -> Iterator[Server]:
    # Under /tmp itself: another user must reach it, and a socket's path has 107 characters at most.
    folder = Path(tempfile.mkdtemp(prefix="bastide-pg-"))
    server = Server(folder, secrets.token_urlsafe(12))
    (folder / "password").write_text(server.password)
    who = _unprivileged(folder)
    data, login = folder / "data", [f"--username={OWNER}", f"--pwfile={folder / 'password'}"]
    make = [program("initdb"), "--no-sync", "--auth=scram-sha-256", *login, f"--pgdata={data}"]
    serve = [program("postgres"), "-D", str(data), "-k", str(folder)]
    serve += ["-c", "listen_addresses=", "-c", "fsync=off"]
    try:
        with (folder / "log").open("wb") as log:
            subprocess.run(make, check=True, stdout=log, stderr=log, cwd=folder, **who)
            process = subprocess.Popen(serve, stdout=log, stderr=log, cwd=folder, **who)
        try:
            _wait(folder, process)
            yield server
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(START_SECONDS)
    finally:
        shutil.rmtree(folder)


def _unprivileged(folder: Path) -> dict[str, Any]:
    """Give the folder to a user without rights, as whom to run; PostgreSQL refuses root."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    for path in (folder, *folder.iterdir()):
        os.chown(path, nobody.pw_uid, nobody.pw_gid)
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _wait(folder: Path, process: "subprocess.Popen[bytes]") -> None:
    ready = [program("pg_isready"), "--quiet", "--host", str(folder)]
    until = time.monotonic() + START_SECONDS
    while subprocess.run(ready, check=False).returncode:
        assert process.poll() is None, (folder / "log").read_text()
        assert time.monotonic() < until, (folder / "log").read_text()
        time.sleep(0.05)
