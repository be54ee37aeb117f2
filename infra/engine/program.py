"""Runs the Pulumi program in a process of its own, as Pulumi's Python language host does."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from infra.engine.api import EngineError
from infra.engine.process import OnLine, launch, pump, tee
from infra.engine.stack.settings import Configuration, ProjectSettings

_SHIM = Path(__file__).with_name("shim.py")
_LAST_LINES = 100
_STOP_SECONDS = 5.0


class Program:
    """The running program; its output goes to `on_line` as it comes."""

    def __init__(
        self, command: list[str], folder: Path, env: Mapping[str, str], on_line: OnLine
    ) -> None:
        self._errors: list[str] = []
        self._process = launch(command, folder, env)
        streams = self._process.stdout, self._process.stderr
        if streams[0] is None or streams[1] is None:  # pragma: no cover (both are pipes)
            raise EngineError("the program has no output")
        self._pumps = (
            pump(streams[0], on_line),
            pump(streams[1], tee(self._errors, on_line)),
        )

    def wait(self) -> int:
        """Wait for the program's end; returns its exit code."""
        code = self._process.wait()
        for thread in self._pumps:
            thread.join(_STOP_SECONDS)
        return code

    def stop(self) -> None:
        """Ask the program to end."""
        if self._process.poll() is None:
            self._process.terminate()

    def kill(self) -> None:
        """End the program, if it still runs."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()

    def error_output(self) -> str:
        """Return the last of what it wrote to its error output."""
        return "\n".join(self._errors[-_LAST_LINES:]).strip()


def interpreter(project: ProjectSettings) -> Path:
    """Return the Python of the project's virtualenv, or ours when it names none."""
    if project.virtualenv is None:
        return Path(sys.executable)
    python = project.virtualenv / "bin" / "python"
    if not python.exists():
        raise EngineError(
            f"Pulumi.yaml names the virtualenv {project.virtualenv}, which has no bin/python: make "
            "it, or take the option out to use the Python that runs bastide"
        )
    return python


def environment(
    given: Mapping[str, str], project: ProjectSettings, configuration: Configuration
) -> dict[str, str]:
    """Return the environment of the program and the plugins; configuration travels in it."""
    variables = {**os.environ, **given}
    variables.pop("PULUMI_CONFIG_PASSPHRASE", None)
    for name, value in project.options.items():
        variables[f"PULUMI_RUNTIME_{name.upper()}"] = str(value)
    variables["PULUMI_CONFIG"] = json.dumps(dict(configuration.values))
    variables["PULUMI_CONFIG_SECRET_KEYS"] = json.dumps(sorted(configuration.secret_keys))
    return variables


def start(
    project: ProjectSettings,
    folder: Path,
    stack: str,
    monitor: str,
    *,
    engine: str,
    preview: bool,
    parallel: int,
    env: Mapping[str, str],
    on_line: OnLine,
) -> Program:
    """Start the program of a project; it registers at `monitor` and logs to `engine`, addresses."""
    program = project.program
    entry, work = (".", program) if program.is_dir() else (program.name, program.parent)
    settings = {
        "monitor": monitor,
        "engine": engine,
        "project": project.name,
        "stack": stack,
        "parallel": parallel,
        "dry_run": preview,
        "organization": "organization",
        "root_directory": str(folder),
    }
    # -P keeps the shim's own folder, the engine's, off the program's import path.
    command = [str(interpreter(project)), "-u", "-P", str(_SHIM), json.dumps(settings), entry]
    try:
        return Program(command, work, env, on_line)
    except (OSError, subprocess.SubprocessError) as error:
        raise EngineError(f"the program cannot be started: {error}") from error
