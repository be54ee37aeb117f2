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
  - In check mode with diffs what would change is written too, as far as Ansible would print it, and
    which tasks could not tell.
requirements:
  - enable in configuration
"""

import json
import os
import re
import time
from typing import Any

from ansible import context
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
        self._predicts = bool(context.CLIARGS.get("check") and context.CLIARGS.get("diff"))

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
            action=result._task.action.rpartition(".")[2],
            dest="" if "censored" in values else str(result._task.args.get("dest", "")),
            outcome=outcome,
            changed=bool(values.get("changed", False)),
            message=_message(values) if outcome in FAILED else "",
            **({"changes": _changes(values)} if self._predicts and values.get("changed") else {}),
            **{key: values[key] for key in UNDONE if "things" in values},
            **{key: value for key, value in _facts(values).items() if key in REPORTS},
        )

    def v2_runner_on_ok(self, result: Any) -> None:
        self._result(result, "ok")

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        self._result(result, "ignored" if ignore_errors else "failed")

    def v2_runner_on_unreachable(self, result: Any) -> None:
        self._result(result, "unreachable")

    def v2_runner_on_skipped(self, result: Any) -> None:
        if self._predicts and _cannot_tell(result._result):
            self._result(result, "unpredictable")

    def v2_playbook_on_start(self, playbook: Any) -> None:
        self._write(event="playbook", name=os.path.basename(playbook._file_name))  # noqa: PTH119

    def v2_playbook_on_task_start(self, task: Any, is_conditional: bool) -> None:
        self._write(event="start", task=task.get_name())

    def v2_playbook_on_handler_task_start(self, task: Any) -> None:
        self._write(event="start", task=task.get_name())

    def v2_playbook_on_stats(self, stats: Any) -> None:
        hosts = sorted(stats.processed)
        self._write(event="recap", hosts={host: stats.summarize(host) for host in hosts})


FAILED = frozenset({"failed", "unreachable"})
# A skipped result with none of these: its module has skipped itself.
REASONS = {"skip_reason", "skipped_reason", "false_condition", "censored"}
# Of a result: what names the thing, how it is to be, and how it is.
TOLD = ("name", "path", "dest", "uid", "gid", "state", "enabled", "diff", "stdout", "stderr")
LONGEST_MESSAGE = 2000
# Of undo_run: names and reasons, never contents.
UNDONE = ("things", "refusals", "stays", "problems")

# What ssh adds to the end of each script.
SSH_ENDED = re.compile(r"Shared connection to \S+ closed\.\s*$")
# Of facts that tasks set: what was done at a host, names and reasons alone.
REPORTS = frozenset({"patching_done", "isolation_done"})


def _facts(values: dict[str, Any]) -> dict[str, Any]:
    return {} if "censored" in values else values.get("ansible_facts") or {}


def _message(values: dict[str, Any]) -> str:
    """Return what failed: of a loop, the items that did; of a secret task, nothing."""
    if values.get("_ansible_no_log"):
        return "what it said is kept secret, because the task handles secrets"
    bad = [
        item for item in values.get("results", ()) if item.get("failed") or item.get("unreachable")
    ]
    parts = [_message(item) for item in bad] or _own_message(values)
    return "\n".join(dict.fromkeys(parts))[:LONGEST_MESSAGE]


def _own_message(values: dict[str, Any]) -> list[str]:
    """Return what a task said: of a script, which runs on a terminal, what it printed."""
    parts = [str(values[key]) for key in ("msg", "module_stderr", "stderr") if values.get(key)]
    if values.get("rc") and values.get("stdout"):
        parts = [str(values["stdout"]).strip(), *(p for p in parts if not SSH_ENDED.match(p))]
    return parts


def _cannot_tell(values: dict[str, Any]) -> bool:
    """Whether a task was left out because its module cannot tell what it would do."""
    items = values.get("results") or [values]
    return not any(REASONS & item.keys() for item in items)


def _changes(values: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what would change, of a loop one each; nothing of a task that handles secrets."""
    items = [item for item in values.get("results") or [values] if item.get("changed")]
    return [_change(item) for item in items if not item.get("censored")]


def _change(item: dict[str, Any]) -> dict[str, Any]:
    unit = item.get("status") or {}
    is_now = {"active": unit.get("ActiveState"), "file": unit.get("UnitFileState")}
    arguments = (item.get("invocation") or {}).get("module_args") or {}
    return {
        **{key: item[key] for key in TOLD if item.get(key) not in (None, "", [])},
        # Not repeated by the modules of accounts, and by that of units not word for word.
        **{key: arguments[key] for key in ("name", "state") if arguments.get(key)},
        **({"unit": is_now} if "status" in item else {}),
    }
