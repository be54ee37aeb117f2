"""The official engine: the Pulumi CLI, driven through its Automation API.

Written against the SDK's source (pulumi.automation 3.272). It has not been run with a real CLI by
the project's own tests, which have none at hand; what they run is the reading of its events.
"""

import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TypedDict

from pulumi import automation
from pulumi.automation import events as pulumi_events

from infra.engine import urns
from infra.engine.api import EngineError, EngineResult, OnEvent, Operation, Project, StepEvent
from infra.engine.stack.settings import settings_path
from infra.engine.stack.stack import ensure_stack

_MASK: Final = "[secret]"
# What Pulumi calls the parts of a step, by the names in our events; the parts of a replacement that
# are not its creation have no name of their own.
_OPERATIONS: Final = {
    "same": "same",
    "create": "create",
    "import": "create",
    "update": "update",
    "delete": "delete",
    "discard": "delete",
    "create-replacement": "replace",
    "import-replacement": "replace",
    "read-replacement": "replace",
    "read": "read",
    "refresh": "refresh",
}
# Of the summary's counts, `replace` stands for all the parts of a replacement.
_COUNTED: Final = ("same", "create", "update", "replace", "delete", "read")
_PREFIXES: Final = {"warning": "warning: ", "error": "error: "}


class _Arguments(TypedDict):
    """What every operation of the Automation API is given."""

    parallel: int
    on_event: Callable[[pulumi_events.EngineEvent], None]
    color: str
    config_file: str


class OfficialEngine:
    """Runs Pulumi programs with the official CLI, on the same state as the embedded engine."""

    def run(self, operation: Operation, project: Project, on_event: OnEvent) -> EngineResult:
        """Do the operation; see infra.engine.api.Engine."""
        reader = EventReader(on_event)
        # `pulumi stack init` would write the settings beside Pulumi.yaml.
        ensure_stack(project, reader.notice)
        with _errors():
            stack = _stack(project)
        try:
            _do(operation, stack, project, reader)
        except automation.ConcurrentUpdateError as error:
            raise EngineError(f"the stack is locked: {error}") from error
        except automation.CommandError as error:
            reader.ended_with_error(str(error))
        with _errors():
            outputs = _outputs(stack, show_secrets=False)
        ok = not reader.failures
        return EngineResult(reader.changes, outputs, tuple(reader.failures), ok)

    def outputs(self, project: Project, show_secrets: bool = False) -> Mapping[str, Any]:
        """Read the stack's outputs; see infra.engine.api.Engine."""
        with _errors():
            try:
                return _outputs(_stack(project), show_secrets=show_secrets)
            except automation.StackNotFoundError:
                return {}


def _stack(project: Project) -> automation.Stack:
    folder, options = str(project.folder), _options(project)
    return automation.select_stack(project.stack, work_dir=folder, opts=options)


def _options(project: Project) -> automation.LocalWorkspaceOptions:
    # The plugin of our own package is beside this Python, which need not be on PATH.
    beside = str(Path(sys.executable).parent)
    given = {**os.environ, **project.environment}
    environment = {
        **project.environment,
        "PATH": os.pathsep.join([given.get("PATH", os.defpath), beside]),
        "PULUMI_BACKEND_URL": project.backend.resolve().as_uri(),
        "PULUMI_CONFIG_PASSPHRASE": project.passphrase,
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
    }
    return automation.LocalWorkspaceOptions(env_vars=environment, secrets_provider="passphrase")


def _do(
    operation: Operation, stack: automation.Stack, project: Project, reader: "EventReader"
) -> None:
    given = _Arguments(
        parallel=max(1, project.parallel),
        on_event=reader.read,
        color="never",
        config_file=str(settings_path(project)),
    )
    if operation is Operation.PREVIEW:
        stack.preview(**given)
    elif operation is Operation.UP:
        # As the embedded engine: what does not depend on a failure is finished all the same.
        stack.up(**given, show_secrets=False, suppress_outputs=True, continue_on_error=True)
    elif operation is Operation.REFRESH:
        stack.refresh(**given, show_secrets=False)
    else:
        stack.destroy(**given, show_secrets=False, continue_on_error=True)


def _outputs(stack: automation.Stack, *, show_secrets: bool) -> dict[str, Any]:
    return {
        key: output.value if show_secrets or not output.secret else _MASK
        for key, output in stack.outputs().items()
    }


@contextmanager
def _errors() -> Iterator[None]:
    """Turn what the CLI says of a stack that cannot be had into an EngineError."""
    try:
        yield
    except automation.ConcurrentUpdateError as error:
        raise EngineError(f"the stack is locked: {error}") from error
    except (automation.CommandError, automation.InvalidVersionError, OSError) as error:
        raise EngineError(f"the pulumi CLI failed: {error}") from error


class EventReader:
    """Reads the CLI's events into ours, and keeps count."""

    def __init__(self, on_event: OnEvent) -> None:
        self._on_event = on_event
        self._since: dict[str, float] = {}
        self._errors: dict[str, list[str]] = {}
        self.changes: dict[str, int] = {}
        self.failures: list[StepEvent] = []

    def read(self, event: pulumi_events.EngineEvent) -> None:
        """Take one event of the CLI's log."""
        if event.resource_pre_event is not None:
            self._started(event.resource_pre_event.metadata)
        elif event.res_outputs_event is not None:
            self._finished(event.res_outputs_event.metadata)
        elif event.res_op_failed_event is not None:
            self._failed(event.res_op_failed_event.metadata)
        elif event.diagnostic_event is not None:
            self._diagnostic(event.diagnostic_event)
        elif event.summary_event is not None:
            counts = Counter({str(k.value): n for k, n in _counts(event.summary_event).items()})
            self.changes = {name: counts[name] for name in _COUNTED if counts[name]}

    def notice(self, message: str) -> None:
        """Report something that belongs to no resource."""
        self._emit("", "", "diagnostic", message)

    def ended_with_error(self, message: str) -> None:
        """Note that the CLI ended with an error, when no single step says why."""
        if not self.failures:
            errors = "\n".join(line for lines in self._errors.values() for line in lines)
            self._fail("", "", errors or message)

    def _started(self, step: pulumi_events.StepEventMetadata) -> None:
        operation = _OPERATIONS.get(step.op.value)
        self._since[step.urn] = time.monotonic()
        if operation and operation != "same":
            self._emit(step.urn, operation, "started")

    def _finished(self, step: pulumi_events.StepEventMetadata) -> None:
        operation = _OPERATIONS.get(step.op.value)
        if operation:
            self._emit(step.urn, operation, "finished", seconds=self._seconds(step.urn))

    def _failed(self, step: pulumi_events.StepEventMetadata) -> None:
        operation = _OPERATIONS.get(step.op.value, "replace")
        message = "\n".join(self._errors.get(step.urn, [])) or f"{step.op.value} failed"
        self._fail(step.urn, operation, message)

    def _fail(self, urn: str, operation: str, message: str) -> None:
        event = _event(urn, operation, "failed", message, self._seconds(urn))
        self.failures.append(event)
        self._on_event(event)

    def _diagnostic(self, event: pulumi_events.DiagnosticEvent) -> None:
        if event.ephemeral or event.severity == "debug":
            return
        urn, message = event.urn or "", event.message.strip()
        if event.severity == "error":
            self._errors.setdefault(urn, []).append(message)
        self._emit(urn, "", "diagnostic", _PREFIXES.get(event.severity, "") + message)

    def _seconds(self, urn: str) -> float:
        return time.monotonic() - self._since[urn] if urn in self._since else 0.0

    def _emit(
        self, urn: str, operation: str, phase: str, message: str = "", seconds: float = 0.0
    ) -> None:
        self._on_event(_event(urn, operation, phase, message, seconds))


def _counts(event: pulumi_events.SummaryEvent) -> Mapping[pulumi_events.OpType, int]:
    # The SDK leaves the keys as text, although it declares them as OpType.
    changes = event.resource_changes.items()
    return {pulumi_events.OpType(op): count for op, count in changes}


def _event(urn: str, operation: str, phase: str, message: str, seconds: float) -> StepEvent:
    type_, name = (urns.type_of(urn), urns.name_of(urn)) if urn else ("", "")
    return StepEvent(urn, type_, name, operation, phase, message, seconds)
