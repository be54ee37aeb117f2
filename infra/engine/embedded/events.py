"""Passes on what happens, one event at a time, and counts it."""

import threading
import time
from collections import Counter
from dataclasses import replace

from infra.engine import urns
from infra.engine.api import OnEvent, StepEvent


class Events:
    """Hands events on one at a time, whatever thread they come from."""

    def __init__(self, on_event: OnEvent) -> None:
        self._on_event, self._lock = on_event, threading.Lock()
        self.changes: Counter[str] = Counter()
        self.failures: list[StepEvent] = []

    def step(self, urn: str, operation: str, phase: str, message: str = "") -> None:
        """Report a phase of a step that takes no time worth measuring."""
        self._emit(_event(urn, operation, phase, message, 0.0))

    def started(self, urn: str, operation: str) -> float:
        """Report that a step starts; returns the moment, for `finished` and `failed`."""
        self._emit(_event(urn, operation, "started", "", 0.0))
        return time.monotonic()

    def finished(
        self,
        urn: str,
        operation: str,
        since: float | None,
        message: str = "",
        changed: tuple[str, ...] = (),
    ) -> None:
        """Report that a step is done, and count it."""
        seconds = time.monotonic() - since if since is not None else 0.0
        if not urns.is_default_provider(urn):
            self.changes[operation] += 1
        event = _event(urn, operation, "finished", message, seconds)
        self._emit(replace(event, changed=changed) if changed else event)

    def failed(self, urn: str, operation: str, message: str, since: float | None = None) -> None:
        """Report that a step failed; the run as a whole has then failed."""
        seconds = time.monotonic() - since if since is not None else 0.0
        event = _event(urn, operation, "failed", message, seconds)
        self.failures.append(event)
        self._emit(event)

    def say(self, message: str, urn: str = "") -> None:
        """Report a message that belongs to no step."""
        self._emit(_event(urn, "", "diagnostic", message, 0.0))

    def _emit(self, event: StepEvent) -> None:
        if urns.is_default_provider(event.urn) and event.phase in {"started", "finished"}:
            return
        with self._lock:
            self._on_event(event)


def _event(urn: str, operation: str, phase: str, message: str, seconds: float) -> StepEvent:
    type_ = urns.type_of(urn) if urn else ""
    name = urns.name_of(urn) if urn else ""
    return StepEvent(urn, type_, name, operation, phase, message, seconds)
