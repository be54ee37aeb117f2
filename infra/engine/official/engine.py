"""Runs an operation with the official CLI, which calls the program and whose events are read."""

import json
import shutil
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

from infra.engine.api import EngineError, EngineResult, OnEvent, Operation, Project
from infra.engine.official import states
from infra.engine.official.command_line import CommandLine, arguments, environment, executable
from infra.engine.official.event_log import following
from infra.engine.official.events import EventReader
from infra.engine.official.language_host import LanguageHost, serving
from infra.engine.signals import stopping_on_signals
from infra.engine.stack.settings import read_project, settings_path
from infra.engine.stack.stack import ensure_stack, files_of, recorded_outputs


class OfficialEngine:
    """Runs Pulumi programs with the official CLI, on the same state as the embedded engine."""

    def check(self, project: Project) -> None:
        """See infra.engine.api.Engine: it works on every state, where the CLI is."""
        executable()

    def run(self, operation: Operation, project: Project, on_event: OnEvent) -> EngineResult:
        """Do the operation; see infra.engine.api.Engine."""
        reader = EventReader(on_event, environment(project))
        with tempfile.TemporaryDirectory() as scratch:
            preview = operation is Operation.PREVIEW
            if _needs_a_copy(operation, project):
                project = _aside(project, Path(scratch) / "backend")
            if project.state_url:
                states.ensure_at_url(project)
            else:  # `pulumi stack init` would write the settings beside Pulumi.yaml.
                ensure_stack(project, reader.notice)
            _call(operation, project, reader, Path(scratch) / "events")
            outputs = reader.outputs if preview else self._recorded(project)
        ok = not reader.failures
        return EngineResult(reader.changes, outputs, tuple(reader.failures), ok)

    def _recorded(self, project: Project) -> Mapping[str, Any]:
        return self.outputs(project) if project.state_url else recorded_outputs(project)

    def outputs(self, project: Project, show_secrets: bool = False) -> Mapping[str, Any]:
        """Read the stack's outputs; see infra.engine.api.Engine."""
        show = ["--show-secrets"] if show_secrets else []
        given = ["stack", "output", "--json", f"--stack={project.stack}", "--non-interactive"]
        line = CommandLine([*given, *show], project, lambda _: None)
        if line.wait() != 0:
            if "no stack named" in line.complaint():
                return {}
            raise EngineError(f"the pulumi CLI failed: {line.complaint()}")
        return dict(json.loads(line.output()))


def _needs_a_copy(operation: Operation, project: Project) -> bool:
    """Say whether the CLI would write where nothing is to be written.

    It previews no stack that it does not have, and a preview makes none. A look for drift goes on
    beside other runs, whose lock and noted steps are theirs.
    """
    if operation is Operation.PREVIEW:
        return not states.exists(project)
    return operation is Operation.DRIFT


def _aside(project: Project, backend: Path) -> Project:
    """Return the project with a backend of its own: a copy of the stack, as far as there is one."""
    backend.mkdir()
    aside = replace(project, backend=backend, state_url="")
    there, here = files_of(project), files_of(aside)
    for source, target in (
        (settings_path(project), settings_path(aside)),
        (there.steps, here.steps),
    ):
        if source.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target)
    if project.state_url:
        states.copy_from_url(project, aside)
    elif there.stacks.exists():  # those of others as well, which it may refer to
        shutil.copytree(there.stacks, here.stacks, ignore=shutil.ignore_patterns(".*"))
    return aside


def _call(operation: Operation, project: Project, reader: EventReader, events: Path) -> None:
    """Call the CLI; what went wrong is then among the failures of `reader`."""
    settings, given = read_project(project.folder), environment(project)
    host = LanguageHost(settings, project.folder, given, reader.notice)
    with ExitStack() as cleanup:
        client = cleanup.enter_context(serving(host))
        cleanup.enter_context(following(events, reader.read))
        line = CommandLine(arguments(operation, project, client, events), project, reader.notice)
        cleanup.callback(line.close)
        cleanup.enter_context(stopping_on_signals(line.stop))
        code = line.wait()
    if code != 0:
        _explain(reader, host, line)


def _explain(reader: EventReader, host: LanguageHost, line: CommandLine) -> None:
    """Note why the CLI ended with an error; raises EngineError when it could not even begin."""
    if not reader.begun:
        raise EngineError(f"the pulumi CLI failed: {line.complaint()}")
    if host.error:
        reader.failed(host.error)
    reader.ended_with_error(line.complaint())
