"""Reads a host that keeps nothing of ours: the collector is sent over SSH and leaves no file.

Python reads the program from its input and writes no compiled module; where there is none that
is new enough, plain sh runs the same commands (see shell_collector). What comes back is the same
framed bundle that an installed collector sends, and as little trusted.
"""

import json
from collections.abc import Sequence

from inventory.connections import Connection
from monitors.collection import shell_collector
from monitors.collection.bundle import (
    MAX_HEADER_BYTES,
    MAX_PACKED_BYTES,
    BundleError,
    FetchFailure,
    unframe,
)
from monitors.collection.collector import source
from monitors.ssh.failures import SshFailure
from monitors.ssh.remote_command import Limits, Ran
from monitors.ssh.session import DEFAULT, Resolve, Session, connect
from monitors.ssh.transport import Way
from monitors.text import escaped_line

# For all commands of an audit; one of them may take a quarter. A machine that is emulated beside
# other work took 80, its slowest command 40 (docs/virtual-machine.md).
COLLECTING_SECONDS = 240
MAX_SHELL_BYTES = 8 << 20
NO_PYTHON = b"bastide-no-python\n"
# Isolated, without site packages, without writing bytecode; -c, since `-` would need a __file__.
# It has to be Python 3.9 on a kernel of 5.3 (pidfd_open).
PYTHON = (
    "command -v python3 >/dev/null && exec python3 -I -S -B -c '"
    "import os, sys; "
    'exec(sys.stdin.buffer.read() if hasattr(os, "pidfd_open") else '
    '"print(\\"bastide-no-python\\")", {"__name__": "collector"})'
    "'; echo bastide-no-python"
)


def fetch_agentless(
    connection: Connection,
    commands: Sequence[str],
    resolve: Resolve,
    way: Way = DEFAULT,
    seconds: float = COLLECTING_SECONDS,
) -> bytes | FetchFailure:
    """Return the packed bundle of a host that was asked these commands, or why there is none.

    After so many seconds the host ends what still runs. The bundle says that it is of
    `connection.name`. `resolve` returns the secret behind a reference. For `local` connections
    this machine is read.
    """
    session = connect(connection, resolve, way)
    if isinstance(session, SshFailure):
        return _failure(connection.name, session)
    with session:
        return read_host(session, connection.name, commands, seconds)


def reading_seconds(collecting: float) -> float:
    """Return after how long a reading has stalled: a quarter more than its commands may take."""
    return collecting * 1.25


def read_host(
    session: Session, name: str, commands: Sequence[str], seconds: float = COLLECTING_SECONDS
) -> bytes | FetchFailure:
    """Return the packed bundle of a host that is logged in to."""
    raw = json.dumps({"seconds": seconds, "commands": list(commands)}).encode()
    limits = Limits(reading_seconds(seconds), MAX_HEADER_BYTES + MAX_PACKED_BYTES)
    ran = session.run(PYTHON, program(raw, commands, name), limits)
    if isinstance(ran, Ran) and ran.stdout == NO_PYTHON:
        return _with_shell(session, raw, commands, name, seconds)
    return _bundle(ran, name, seconds)


def program(raw: bytes, commands: Sequence[str], name: str) -> bytes:
    """Return what Python is given to run: the collector, then the list and the host's name."""
    return f"{source()}\nsend({raw!r}, {list(commands)!r}, {name!r})\n".encode()


def _with_shell(
    session: Session, raw: bytes, commands: Sequence[str], name: str, seconds: float
) -> bytes | FetchFailure:
    limits = Limits(reading_seconds(seconds), MAX_SHELL_BYTES)
    ran = session.run("exec /bin/sh -s", shell_collector.script(commands, seconds), limits)
    if isinstance(ran, SshFailure) or ran.truncated:
        return _bundle(ran, name, seconds)
    try:
        return shell_collector.packed(ran.stdout, raw, commands, name)
    except BundleError as error:
        said = _words(ran) or str(error)
        return FetchFailure(
            f"{name}: expected python3 (3.9 or newer) or a shell with base64, head, tr and sed, "
            f"found neither: {said}; install python3-minimal there"
        )


def _bundle(ran: Ran | SshFailure, name: str, seconds: float) -> bytes | FetchFailure:
    if isinstance(ran, SshFailure):
        return _failure(name, ran)
    if ran.truncated and len(ran.stdout) <= MAX_PACKED_BYTES:
        return FetchFailure(
            f"{name}: timeout: the reading did not end within {reading_seconds(seconds):g} s; log "
            "in by hand and see what hangs there"
        )
    if not ran.stdout:
        said = _words(ran) or f"it ended with {ran.status}, without a word"
        return FetchFailure(f"{name}: expected a bundle of the collector, found: {said}")
    try:
        return unframe(ran.stdout)
    except BundleError as error:
        return FetchFailure(f"{name}: bad bundle: {error}")


def _words(ran: Ran) -> str:
    lines = ran.stderr.decode("utf-8", "backslashreplace").strip().splitlines()
    return escaped_line(lines[-1]) if lines else ""


def _failure(name: str, failure: SshFailure) -> FetchFailure:
    where = "" if failure.name == name else f"{failure.name}: "
    return FetchFailure(f"{name}: {where}{failure.problem}", failure)
