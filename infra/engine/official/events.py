"""Reads the CLI's events into ours.

An event is a JSON object of Pulumi's sdk/go/common/apitype/events.go. It is read as it comes, not
through the SDK's classes, which raise an error for a kind of step that a newer CLI has.
"""

import re
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from infra.engine import urns
from infra.engine.api import OnEvent, StepEvent
from infra.engine.missing_plugin import advice
from infra.engine.values import SECRET, SIGNATURE, UNKNOWN_TEXT, changed_keys

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
_MASK: Final = "[secret]"
_UNKNOWN: Final = "[unknown]"

# It says neither where it looked nor what to do without the installer's internet.
_MISSING_PLUGIN: Final = re.compile(
    r"no resource plugin 'pulumi-resource-([^']+?)(?:-v([0-9][^']*))?' found"
)

Event = Mapping[str, Any]


class EventReader:
    """Reads the CLI's events into ours, and keeps count.

    `begun`: the CLI got as far as to start the operation. `outputs` are those of the stack.
    """

    def __init__(self, on_event: OnEvent, environment: Mapping[str, str]) -> None:
        """Hand events on to `on_event`; `environment` is that of the CLI."""
        self._on_event, self._environment = on_event, environment
        self._since: dict[str, float] = {}
        self._errors: dict[str, list[str]] = {}
        self.begun = False
        self.changes: dict[str, int] = {}
        self.failures: list[StepEvent] = []
        self.outputs: dict[str, Any] = {}

    def read(self, event: Event) -> None:
        """Take one event of the CLI's log."""
        self.begun = True
        readers = {
            "resourcePreEvent": self._started,
            "resOutputsEvent": self._finished,
            "resOpFailedEvent": self._failed,
            "diagnosticEvent": self._diagnostic,
            "summaryEvent": self._summary,
        }
        for kind, read in readers.items():
            if event.get(kind) is not None:
                read(event[kind])

    def notice(self, message: str) -> None:
        """Report something that belongs to no resource."""
        self._emit("", "", "diagnostic", message)

    def failed(self, message: str) -> None:
        """Note a failure that belongs to no resource."""
        self._fail("", "", message)

    def ended_with_error(self, message: str) -> None:
        """Note that the CLI ended with an error, when no single step says why."""
        if self.failures:
            return
        for urn, lines in self._errors.items():
            self._fail(urn, "", "\n".join(lines))
        if not self.failures:
            self._fail("", "", message)

    def _started(self, event: Event) -> None:
        step = event["metadata"]
        operation = _OPERATIONS.get(step["op"])
        self._since[step["urn"]] = time.monotonic()
        if operation and operation != "same":
            self._emit(step["urn"], operation, "started")

    def _finished(self, event: Event) -> None:
        step = event["metadata"]
        operation = _OPERATIONS.get(step["op"])
        if step.get("type") == urns.STACK_TYPE:
            outputs = (step.get("new") or {}).get("outputs") or {}
            self.outputs = {key: _shown(value) for key, value in outputs.items()}
        if operation:
            seconds = self._seconds(step["urn"])
            changed = _changed(step) if operation == "update" else ()
            self._emit(step["urn"], operation, "finished", seconds=seconds, changed=changed)

    def _failed(self, event: Event) -> None:
        step = event["metadata"]
        operation = _OPERATIONS.get(step["op"], "replace")
        message = "\n".join(self._errors.get(step["urn"], [])) or f"{step['op']} failed"
        self._fail(step["urn"], operation, message)

    def _fail(self, urn: str, operation: str, message: str) -> None:
        event = _event(urn, operation, "failed", message, self._seconds(urn))
        self.failures.append(event)
        self._on_event(event)

    def _diagnostic(self, event: Event) -> None:
        severity = event.get("severity", "")
        if event.get("ephemeral") or severity == "debug":
            return
        urn, message = event.get("urn") or "", event.get("message", "").strip()
        missing = _MISSING_PLUGIN.search(message)
        if missing is not None:
            message = advice(missing[1], missing[2] or "", self._environment)
        if severity == "error":
            self._errors.setdefault(urn, []).append(message)
        self._emit(urn, "", "diagnostic", _PREFIXES.get(severity, "") + message)

    def _summary(self, event: Event) -> None:
        counts = event.get("resourceChanges") or {}
        self.changes = {name: counts[name] for name in _COUNTED if counts.get(name)}

    def _seconds(self, urn: str) -> float:
        return time.monotonic() - self._since[urn] if urn in self._since else 0.0

    def _emit(
        self,
        urn: str,
        operation: str,
        phase: str,
        message: str = "",
        seconds: float = 0.0,
        changed: tuple[str, ...] = (),
    ) -> None:
        if urns.is_default_provider(urn) and phase in {"started", "finished"}:
            return
        event = _event(urn, operation, phase, message, seconds)
        self._on_event(replace(event, changed=changed) if changed else event)


def _changed(step: Event) -> tuple[str, ...]:
    """Return the properties that differ; secrets are masked, and so look alike."""
    old, new = step.get("old") or {}, step.get("new") or {}
    bags = [changed_keys(old.get(b) or {}, new.get(b) or {}) for b in ("outputs", "inputs")]
    return tuple(sorted({key for bag in bags for key in bag}))


def _shown(value: Any) -> Any:
    """Return an output as it is shown; the CLI has masked secrets already, and marks them."""
    if value == UNKNOWN_TEXT:
        return _UNKNOWN
    if isinstance(value, Mapping) and value.get(SIGNATURE) == SECRET:
        return _MASK
    if isinstance(value, Mapping):
        return {key: _shown(one) for key, one in value.items()}
    return [_shown(one) for one in value] if isinstance(value, list) else value


def _event(urn: str, operation: str, phase: str, message: str, seconds: float) -> StepEvent:
    type_, name = (urns.type_of(urn), urns.name_of(urn)) if urn else ("", "")
    return StepEvent(urn, type_, name, operation, phase, message, seconds)
