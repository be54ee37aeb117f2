"""Starts provider plugins the way Pulumi does: the engine's address in, a port line out."""

import os
import re
import select
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import IO

from infra.engine.api import EngineError
from infra.engine.missing_plugin import advice, plugins_home
from infra.engine.process import OnLine, launch, pump, tee

_START_SECONDS = 60.0
_STOP_SECONDS = 5.0


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


def find(name: str, version: str, environment: Mapping[str, str]) -> Path:
    """Find a package's plugin: on PATH, beside this Python, or where Pulumi installs plugins.

    Of the installed ones the wanted version, or the newest when none is wanted. Raises EngineError
    that says where to put a missing one.
    """
    program = f"pulumi-resource-{name}"
    # Run from a virtual environment that is not activated, its programs are not on PATH.
    path = environment.get("PATH", ""), str(Path(sys.executable).parent)
    executable = shutil.which(program, path=os.pathsep.join(path))
    if executable is not None:
        return Path(executable)
    for folder in _installed(plugins_home(environment), name, version):
        if os.access(folder / program, os.X_OK):
            return folder / program
    raise EngineError(advice(name, version, environment))


def _installed(home: Path, name: str, version: str) -> list[Path]:
    """Return the folders of a package's installed plugins, the newest version first."""
    if version:
        return [home / f"resource-{name}-v{version.removeprefix('v')}"]
    pattern = f"resource-{name}-v[0-9]*"
    return sorted(home.glob(pattern), key=lambda folder: _numbers(folder.name), reverse=True)


def _numbers(text: str) -> list[int]:
    return [int(part) for part in re.findall(r"\d+", text.rpartition("-v")[2])]


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
    name: str,
    version: str,
    engine: str,
    folder: Path,
    environment: Mapping[str, str],
    on_line: OnLine,
) -> Plugin:
    """Start a provider plugin in `folder` and wait for its port.

    What it prints afterwards goes to `on_line`. Raises EngineError when it does not start.
    """
    running = attached(name, environment)
    if running is not None:
        return running
    program = find(name, version, environment)
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


def _first_line(stream: IO[str]) -> str:
    ready, _, _ = select.select([stream], [], [], _START_SECONDS)
    return stream.readline().strip() if ready else ""
