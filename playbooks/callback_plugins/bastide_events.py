"""An Ansible callback that writes one JSON line per finished task and a closing recap."""

from __future__ import annotations

DOCUMENTATION = """
name: bastide_events
type: notification
short_description: One JSON line per task result
description:
  - Writes host, task, outcome and whether something changed to the file named in
    E(BASTIDE_EVENTS), for whoever shows progress. Results themselves are never written, since
    they may hold secrets; a failure's message is, unless the task has C(no_log).
requirements:
  - enable in configuration
"""

import json
import os
import time
from typing import Any

from ansible.plugins.callback import CallbackBase


class CallbackModule(CallbackBase):  # type: ignore[misc]
    """What Ansible looks for in this file."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "bastide_events"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        path = os.environ.get("BASTIDE_EVENTS")
        self._file = open(path, "a", encoding="utf-8", buffering=1) if path else None  # noqa: PTH123, SIM115
        self.disabled = self._file is None

    def _write(self, **event: Any) -> None:
        if self._file:
            self._file.write(json.dumps({"at": time.time(), **event}) + "\n")

    def _result(self, result: Any, outcome: str) -> None:
        values = result._result
        self._write(
            event="task",
            host=result._host.get_name(),
            task=result._task.get_name(),
            path=result._task.get_path() or "",
            outcome=outcome,
            changed=bool(values.get("changed", False)),
            message=_message(values) if outcome in FAILED else "",
        )

    def v2_runner_on_ok(self, result: Any) -> None:
        self._result(result, "ok")

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        self._result(result, "ignored" if ignore_errors else "failed")

    def v2_runner_on_unreachable(self, result: Any) -> None:
        self._result(result, "unreachable")

    def v2_playbook_on_task_start(self, task: Any, is_conditional: bool) -> None:
        self._write(event="start", task=task.get_name())

    def v2_playbook_on_handler_task_start(self, task: Any) -> None:
        self._write(event="start", task=task.get_name())

    def v2_playbook_on_stats(self, stats: Any) -> None:
        hosts = sorted(stats.processed)
        self._write(event="recap", hosts={host: stats.summarize(host) for host in hosts})


FAILED = frozenset({"failed", "unreachable"})
LONGEST_MESSAGE = 2000


def _message(values: dict[str, Any]) -> str:
    """Return what failed: of a loop, the items that did; of a secret task, nothing."""
    if values.get("_ansible_no_log"):
        return "what it said is kept secret, because the task handles secrets"
    bad = [
        item for item in values.get("results", ()) if item.get("failed") or item.get("unreachable")
    ]
    parts = [_message(item) for item in bad] or [
        str(values[key]) for key in ("msg", "module_stderr", "stderr") if values.get(key)
    ]
    return "\n".join(dict.fromkeys(parts))[:LONGEST_MESSAGE]
