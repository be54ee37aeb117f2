"""Starts provider plugins the way Pulumi does: the engine's address in, a port line out."""

import os
import select
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO

from infra.engine.api import EngineError

_START_SECONDS = 60.0
_STOP_SECONDS = 5.0

OnLine = Callable[[str], None]

# The kernel binds a child to the thread that started it, so that thread must outlive every child.
_LAUNCHER = ThreadPoolExecutor(1, thread_name_prefix="launcher")


class Plugin:
    """A running plugin that listens on `address`; without a `process`, one that others started."""

    def __init__(self, name: str, address: str, process: subprocess.Popen[str] | None) -> None:
        self.name, self.address = name, address
        self._process = process

    @property
    def attached(self) -> bool:
        """Whether others started it, for us to attach to."""
        return self._process is None

    def ended(self) -> int | None:
        """Return the exit code when the process has ended by itself."""
        return self._process.poll() if self._process else None

    def stop(self) -> None:
        """End the process and wait for its end."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def find(name: str, path: str) -> Path:
    """Find `pulumi-resource-<name>` on PATH, or beside this Python; raises EngineError."""
    program = f"pulumi-resource-{name}"
    # Run from a virtual environment that is not activated, its programs are not on PATH.
    beside = str(Path(sys.executable).parent)
    executable = shutil.which(program, path=os.pathsep.join((path, beside)))
    if executable is None:
        raise EngineError(
            f"no plugin for the package {name!r}: expected the program {program} on PATH"
        )
    return Path(executable)


def attached(name: str, environment: Mapping[str, str]) -> Plugin | None:
    """Return the plugin that already runs, when PULUMI_DEBUG_PROVIDERS names it.

    As with the official CLI, that is `name:port,name:port`: a provider under a debugger.
    """
    for entry in environment.get("PULUMI_DEBUG_PROVIDERS", "").split(","):
        package, _, port = entry.partition(":")
        if package.strip() == name:
            return Plugin(name, f"127.0.0.1:{port.strip()}", None)
    return None


def start(
    name: str, engine: str, folder: Path, environment: Mapping[str, str], on_line: OnLine
) -> Plugin:
    """Start a provider plugin in `folder` and wait for its port.

    What it prints afterwards goes to `on_line`. Raises EngineError when it does not start.
    """
    running = attached(name, environment)
    if running is not None:
        return running
    program = find(name, environment.get("PATH", ""))
    process = launch([str(program), engine], folder, environment)
    if process.stdout is None or process.stderr is None:  # pragma: no cover (both are pipes)
        raise EngineError(f"{program} has no output")
    errors: list[str] = []
    pump(process.stderr, tee(errors, on_line))
    port = _first_line(process.stdout)
    if not port.isdigit():
        process.kill()
        process.wait()
        output = "\n".join([port, *errors[-20:]]).strip()
        raise EngineError(
            f"{program} did not start: expected its port as the first line of its output within "
            f"{_START_SECONDS:.0f} s, found {output or 'nothing'!r}"
        )
    pump(process.stdout, on_line)
    return Plugin(name, f"127.0.0.1:{port}", process)


def launch(
    command: list[str], folder: Path, environment: Mapping[str, str]
) -> subprocess.Popen[str]:
    """Start a program whose life is bound to ours, shielded from the terminal's signals.

    A keyboard interrupt must not kill a plugin in the middle of a step; and when we are killed,
    no plugin may go on with a step that the next run is going to repeat.
    """
    keeper = shutil.which("setpriv")
    bound = [keeper, "--pdeathsig", "KILL", "--"] if keeper else []

    def popen() -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*bound, *command],
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            start_new_session=True,
        )

    return _LAUNCHER.submit(popen).result()


def _first_line(stream: IO[str]) -> str:
    ready, _, _ = select.select([stream], [], [], _START_SECONDS)
    return stream.readline().strip() if ready else ""


def tee(kept: list[str], on_line: OnLine) -> OnLine:
    """Return a function that keeps each line and passes it on."""

    def both(line: str) -> None:
        kept.append(line)
        on_line(line)

    return both


def pump(stream: IO[str], on_line: OnLine) -> threading.Thread:
    """Hand each line of a stream to `on_line`, in a thread of its own."""

    def run() -> None:
        for line in stream:
            on_line(line.rstrip("\n"))

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread
