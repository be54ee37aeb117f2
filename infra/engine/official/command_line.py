"""The Pulumi CLI: how it is called, what it is told through its environment, how it ends.

The flags are those by which the Automation API runs a program that it offers itself (pulumi 3.181
and newer know them for every operation).
"""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from infra.engine.api import EngineError, Operation, Project
from infra.engine.process import OnLine, launch, pump, tee
from infra.engine.stack.settings import settings_path

_LAST_LINES: Final = 40
_JOIN_SECONDS: Final = 5.0
# What does not depend on a failure is finished all the same, as with the embedded engine.
_FLAGS: Final[Mapping[Operation, Sequence[str]]] = {
    Operation.PREVIEW: ("preview",),
    Operation.DRIFT: ("refresh", "--preview-only"),
    Operation.UP: ("up", "--yes", "--skip-preview", "--continue-on-error"),
    Operation.REFRESH: ("refresh", "--yes", "--skip-preview"),
    Operation.DESTROY: ("destroy", "--yes", "--skip-preview", "--continue-on-error"),
}


def arguments(operation: Operation, project: Project, client: str, events: Path) -> list[str]:
    """Return the CLI's arguments for an operation.

    `client` is the address of the program's host; the CLI writes its events to the file `events`.
    """
    return [
        *_FLAGS[operation],
        "--non-interactive",
        "--suppress-outputs",
        f"--stack={project.stack}",
        f"--config-file={settings_path(project)}",
        f"--parallel={max(1, project.parallel)}",
        "--color=never",
        *(f"--target={urn}" for urn in project.targets),
        f"--client={client}",
        "--exec-kind=auto.inline",
        f"--event-log={events}",
    ]


def environment(project: Project) -> dict[str, str]:
    """Return the environment of the CLI, and so of the plugins that it starts."""
    # The plugin of our own package is beside this Python, which need not be on PATH.
    beside = str(Path(sys.executable).parent)
    given = {**os.environ, **project.environment}
    return {
        **given,
        "PATH": os.pathsep.join([given.get("PATH", os.defpath), beside]),
        "PULUMI_BACKEND_URL": project.state_url or project.backend.resolve().as_uri(),
        "PULUMI_CONFIG_PASSPHRASE": project.passphrase,
        "PULUMI_AUTOMATION_API": "true",
        "PULUMI_DEBUG_COMMANDS": "true",  # without it the CLI has no --event-log
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
    }


def executable() -> str:
    """Return the CLI on the caller's PATH; raises EngineError without one."""
    found = shutil.which("pulumi")
    if found is None:
        raise EngineError(
            "the pulumi CLI is not on PATH: install it, or use --engine embedded, "
            "which writes the same state"
        )
    return found


class CommandLine:
    """One run of the CLI, shielded from the terminal's signals: `stop` hands on the request."""

    def __init__(
        self,
        given: Sequence[str],
        project: Project,
        on_line: OnLine,
        folder: Path | None = None,
    ) -> None:
        """Start it, in the project's folder by default; raises EngineError when that fails."""
        self._said: list[str] = []
        self._output: list[str] = []
        try:
            self._process = launch(
                [executable(), *given], folder or project.folder, environment(project)
            )
        except (OSError, subprocess.SubprocessError) as error:
            raise EngineError(f"the pulumi CLI cannot be started: {error}") from error
        out, err = self._process.stdout, self._process.stderr
        if out is None or err is None:  # pragma: no cover (both are pipes)
            raise EngineError("the pulumi CLI has no output")
        self._pumps = pump(out, self._output.append), pump(err, tee(self._said, on_line))

    def wait(self) -> int:
        """Wait for its end; returns its exit code."""
        code = self._process.wait()
        for thread in self._pumps:
            thread.join(_JOIN_SECONDS)
        return code

    @property
    def running(self) -> bool:
        """Whether it has not ended yet."""
        return self._process.poll() is None

    def stop(self) -> None:
        """Ask it to end after the steps that are under way."""
        if self.running:
            self._process.send_signal(signal.SIGINT)

    def close(self) -> None:
        """End it, if it still runs."""
        if self.running:
            self._process.kill()
            self._process.wait()

    def output(self) -> str:
        """Return what it wrote to its output."""
        return "\n".join(self._output)

    def complaint(self) -> str:
        """Return the last of what it said, its errors before all else, with their details."""
        lines = [line for line in [*self._said, *self._output] if line.strip()]
        errors: list[str] = []
        for line in lines:
            if line.lstrip().startswith("error:") or (errors and line[0].isspace()):
                errors.append(line)
            elif errors:
                break
        return "\n".join((errors or lines)[-_LAST_LINES:]).strip() or "it said nothing"
