"""The controller's side of a change that ends unless it is confirmed over a new connection.

The host's side is the role commit_confirmed; files are those of install_files.
"""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ansible.plugins.action import ActionBase

PROGRAM = "/usr/bin/python3 -IB /usr/local/libexec/bastide/commit_confirmed"
PLAN = (
    *("name", "keeps", "capture", "rehearse", "validate", "activate", "undo", "last_resort"),
    *("live", "needed", "seconds"),
)
KINDS = {"file": "file", "link": "link", "directory": "folder"}
LOGIN = ("-o", "ControlPath=none", "-o", "BatchMode=yes", "-o", "ConnectTimeout=10")
LOGIN_SECONDS = 20
PAUSE_SECONDS = 2.0
# The host needs some of its time to be told; after that the attempt is over.
SPARE_SECONDS = 10
DEFAULT_SECONDS = 45


@dataclass(frozen=True)
class WayIn:
    """How a host is entered anew: OpenSSH's configuration and, where root is, by sudo."""

    ssh_config: str
    host: str
    sudo: bool = False
    password: str | None = None

    @property
    def command(self) -> list[str]:
        """What logs in, and becomes root as whoever changes the host does."""
        asks = ["-n"] if self.password is None else ["-S", "-p", "''"]
        root = ["sudo", "-k", *asks, "true"] if self.sudo else ["true"]
        return ["ssh", "-F", self.ssh_config, *LOGIN, self.host, *root]


def log_in(way: WayIn, seconds: float) -> str:
    """Log in over a connection that no earlier one helps; return why not, or nothing."""
    deadline = time.monotonic() + seconds
    while True:
        problem = _try(way.command, way.password)
        if not problem or time.monotonic() + PAUSE_SECONDS > deadline:
            return problem
        time.sleep(PAUSE_SECONDS)


def reach_one(ways: Sequence[WayIn], deadline: float) -> str:
    """Log in to one of several hosts; return why none lets us in, or nothing."""
    while True:
        problems = []
        for way in ways:
            if not (problem := _try(way.command, None)):
                return ""
            problems.append(f"{way.host}: {problem}")
        if time.monotonic() + PAUSE_SECONDS > deadline:
            return f"behind it nobody answers: {'; '.join(problems)}"
        time.sleep(PAUSE_SECONDS)


def _try(command: Sequence[str], password: str | None) -> str:
    try:
        done = subprocess.run(
            command,
            check=False,
            capture_output=True,
            text=True,
            input=f"{password}\n" if password else "",
            timeout=LOGIN_SECONDS,
        )
    except subprocess.TimeoutExpired:
        return f"no answer in {LOGIN_SECONDS} s"
    if done.returncode == 0:
        return ""
    return (done.stderr.strip().splitlines() or [f"ssh ended with {done.returncode}"])[-1]


def plan_of(arguments: dict[str, Any], entries: Sequence[dict[str, Any]]) -> str:
    """Return what the host's program is given, as JSON."""
    files = [
        {
            "path": entry["path"],
            "kind": KINDS[entry["kind"]],
            "content": entry.get("content", ""),
            **{key: entry[key] for key in ("owner", "group", "mode", "block") if key in entry},
        }
        for entry in entries
    ]
    given = {key: arguments[key] for key in PLAN if arguments.get(key) is not None}
    return json.dumps({**given, "files": files})


class ActionModule(ActionBase):  # type: ignore[misc]
    """What Ansible looks for in this file."""

    _VALID_ARGS = frozenset({"files", "reaches", *PLAN})

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> Any:
        """Make the change, prove it from outside and keep it; or say why the host reverts it."""
        super().run(tmp, task_vars)
        variables = task_vars or {}
        installer = self._installer()
        entries = installer.entries(variables)
        if self._play_context.check_mode:
            return installer.install(entries, variables)
        applied = self._host("apply", plan_of(self._task.args, entries))
        if applied["rc"]:
            return {"failed": True, "msg": said(applied)}
        identity = applied["stdout"].strip()
        if not identity:
            return {"changed": False}
        kept = self.confirm(identity, variables)
        return kept if kept.get("failed") else self._record(identity, variables) | kept

    def _proved(self, variables: dict[str, Any], seconds: float) -> str:
        """Log in anew, and to one of those that are reached through the host; return why not."""
        deadline = time.monotonic() + seconds
        problem = log_in(self._way_in(variables), seconds)
        behind = [str(host) for host in self._task.args.get("reaches") or []]
        if problem or not behind:
            return problem
        config = str(variables["bastide_ssh_config"])
        return reach_one([WayIn(config, host) for host in behind], deadline)

    def _way_in(self, variables: dict[str, Any]) -> WayIn:
        password = variables.get("ansible_become_password")
        return WayIn(
            str(variables["bastide_ssh_config"]),
            str(variables["inventory_hostname"]),
            bool(variables.get("ansible_become")),
            None if password is None else str(self._templar.template(password)),
        )

    def _installer(self) -> Any:
        return self._shared_loader_obj.action_loader.get(
            "install_files",
            task=self._task,
            connection=self._connection,
            play_context=self._play_context,
            loader=self._loader,
            templar=self._templar,
            shared_loader_obj=self._shared_loader_obj,
        )

    def _host(self, command: str, text: str = "") -> dict[str, Any]:
        # Not by the module `command`: the host's journal would keep the whole plan.
        return dict(
            self._low_level_execute_command(f"{PROGRAM} {command}", in_data=text.encode() or None)
        )

    def _record(self, identity: str, variables: dict[str, Any]) -> dict[str, Any]:
        """Have the run's record take what the host has kept; return why not, or nothing."""
        run = variables.get("bastide_run", "")
        if not run:
            return {}
        done = self._execute_module(
            module_name="ansible.legacy.record_change",
            module_args={"run": run, "change": identity},
            task_vars=variables,
        )
        return {key: done[key] for key in ("failed", "msg") if done.get("failed")}

    def confirm(self, identity: str, variables: dict[str, Any]) -> dict[str, Any]:
        """Keep a change of the host that is proved from outside; or say why the host reverts it."""
        seconds = int(self._task.args.get("seconds") or DEFAULT_SECONDS)
        name, problem = str(self._task.args.get("name") or "rollback"), ""
        if variables.get("ansible_connection", "ssh") != "local":
            problem = self._proved(variables, seconds - SPARE_SECONDS)
        if not problem:
            kept = self._host(f"confirm {identity}")
            if not kept["rc"]:
                return {"changed": True, "change": identity}
            problem = said(kept)
        return {
            "failed": True,
            "changed": False,
            "change": identity,
            "msg": lost(name, variables, problem, seconds),
        }


def lost(name: str, variables: dict[str, Any], problem: str, seconds: int) -> str:
    """Return what happened and what to do, where a change was not confirmed."""
    return (
        f"{variables['inventory_hostname']}: no new SSH connection to "
        f"{variables['bastide_way_in']} got through after the change `{name}` ({problem}), so the "
        f"host puts everything back by itself within {seconds} seconds. Expected: that whoever "
        "comes from a network of `management` with a declared key is let in. Correct the "
        "inventory or the settings, then run again."
    )


def said(answer: dict[str, Any]) -> str:
    """Return what a program on the host said, the last of it first of all an error."""
    return str(answer.get("stderr") or answer.get("stdout") or "no answer").strip()
