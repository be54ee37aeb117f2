"""A throw-away MariaDB server on a socket of its own, confined as PostgreSQL's is."""

import os
import pwd
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import drill_postgres
from bastide_manifest import BackupError
from bastide_mariadb import Server
from drill_result import DrillError

# A server that lives for minutes and holds a copy: speed before safety, and no events of its own.
SETTINGS = (
    *("--skip-networking", "--skip-log-bin", "--event-scheduler=off"),
    *("--innodb-flush-log-at-trx-commit=0", "--innodb-doublewrite=0", "--max-allowed-packet=1G"),
)
START_TIMEOUT_SECONDS = 60


def server(folder: Path) -> Server:
    """Return how the programs of the server in a folder are started."""
    socket = ("--no-defaults", f"--socket={folder / 'socket'}", f"--user={drill_postgres.USER}")
    return Server(drill_postgres.CONFINED, socket)


def start(folder: Path) -> None:
    """Make a server in an empty folder and start it; its socket is in the folder as well."""
    if not shutil.which("mariadbd"):
        raise DrillError("no mariadbd: install the package mariadb-server-core")
    folder.mkdir()
    account = pwd.getpwnam(drill_postgres.USER)
    os.chown(folder, account.pw_uid, account.pw_gid)
    folder.chmod(0o700)
    data = f"--datadir={folder / 'data'}"
    drill_postgres.run(
        *("mariadb-install-db", "--no-defaults", data, "--skip-test-db"),
        *("--auth-root-authentication-method=socket", f"--auth-root-socket-user={account.pw_name}"),
    )
    files = (f"--socket={folder / 'socket'}", f"--pid-file={folder / 'pid'}")
    command = ("mariadbd", "--no-defaults", data, *files, *SETTINGS)
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [*drill_postgres.CONFINED, *command], stdout=log, stderr=log, cwd="/"
        )
    _wait(process, folder)


def _wait(process: "subprocess.Popen[bytes]", folder: Path) -> None:
    """Wait until the server answers."""
    deadline = time.monotonic() + START_TIMEOUT_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(BackupError):
            server(folder).ask("SELECT 1")
            return
        time.sleep(0.1)
    said = (folder / "log").read_text(errors="replace").strip().splitlines()[-2:]
    raise DrillError(f"mariadbd does not start: {' / '.join(said)}")


def stop(folder: Path) -> None:
    """Kill the server if it runs, and remove all of it."""
    with suppress(OSError, ValueError):
        process = int((folder / "pid").read_text(encoding="utf-8"))
        if str(folder).encode() in Path(f"/proc/{process}/cmdline").read_bytes():
            os.kill(process, signal.SIGKILL)
    shutil.rmtree(folder, ignore_errors=True)
