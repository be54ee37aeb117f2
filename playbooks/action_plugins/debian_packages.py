"""Has a host's packages installed and others removed, and asks apt only where something is to do.

A tenth of what two runs of the apt module cost to find that there is nothing to do.
"""

from __future__ import annotations

import shlex
from collections.abc import Collection, Iterable
from typing import Any

from ansible.plugins.action import ActionBase

LIST = ("dpkg-query", "--show", "--showformat", r"${db:Status-Abbrev} ${Package}\n")
# As nobody: root's apt would write its cache anew, even where it only simulates.
SIMULATE = (
    *("env", "LC_ALL=C", "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"),
    *("apt-get", "--simulate", "--quiet", "--no-install-recommends"),
    *("--option=Debug::NoLocking=true", "--option=APT::Get::Show-User-Simulation-Note=false"),
)
# What dpkg-query ends with when it knows only some of the packages, or none of them.
NOT_ALL_THERE = 1


def installed(listing: Iterable[str]) -> frozenset[str]:
    """Return the installed packages of dpkg-query's lines, held ones included (dpkg-query(1))."""
    return frozenset(line[3:].strip() for line in listing if line[1:3] == "i ")


def missing(present: Collection[str], there: Collection[str]) -> list[str]:
    """Return which packages are to be installed, sorted."""
    return sorted(set(present) - set(there))


def unwanted(absent: Collection[str], there: Collection[str]) -> list[str]:
    """Return which packages are to be removed, sorted."""
    return sorted(set(absent) & set(there))


class ActionModule(ActionBase):  # type: ignore[misc]
    """What Ansible looks for in this file."""

    _VALID_ARGS = frozenset({"present", "absent", "cache_valid_time"})

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> Any:
        """Read which of the packages are installed, then install and remove what differs."""
        super().run(tmp, task_vars)
        present = list(self._task.args.get("present") or [])
        absent = list(self._task.args.get("absent") or [])
        answer = self._low_level_execute_command(shlex.join([*LIST, *present, *absent]))
        if answer["rc"] > NOT_ALL_THERE:
            return {"failed": True, "msg": f"dpkg-query: {answer['stderr'].strip()}"}
        there = installed(answer["stdout_lines"])
        result: dict[str, Any] = {
            "changed": False,
            "installed": missing(present, there),
            "removed": unwanted(absent, there),
        }
        if self._task.check_mode:
            return result | self._simulated(result["installed"], result["removed"])
        if not result["installed"] and not result["removed"]:
            return result
        kept = self._record(task_vars or {}, removed=result["removed"])
        if kept.get("failed"):
            return kept
        changed = self._change(result, task_vars)
        kept = self._record(task_vars or {}, done=True)
        return {**kept, "changed": True} if kept.get("failed") else changed

    def _change(self, result: dict[str, Any], task_vars: Any) -> dict[str, Any]:
        """Install what is missing, then remove what is not wanted; the first failure ends it."""
        for names, options in (
            (result["installed"], self._installation()),
            (result["removed"], {"state": "absent", "purge": True}),
        ):
            done = self._apt(names, options, task_vars) if names else {}
            if done.get("failed"):
                return {**done, "changed": result["changed"]}
            result |= {key: done[key] for key in ("changed", "diff") if done.get(key)}
        return result

    def _record(self, variables: dict[str, Any], **arguments: Any) -> dict[str, Any]:
        """Keep in the run's record which packages there are."""
        run = variables.get("bastide_run", "")
        if not run:
            return {}
        return dict(
            self._execute_module(
                module_name="ansible.legacy.record_packages",
                module_args={"run": run, **arguments},
                task_vars=variables,
            )
        )

    def _simulated(self, install: list[str], remove: list[str]) -> dict[str, Any]:
        """Return what apt says that it would do; a package that it does not know is in `stderr`."""
        said: dict[str, Any] = {"stdout": "", "stderr": ""}
        for verb, names in (("install", install), ("purge", remove)):
            if names:
                command = shlex.join([*SIMULATE, verb, *names])
                answer = self._low_level_execute_command(command)
                said = {key: said[key] + answer[key] for key in said}
        return {"changed": bool(install or remove), **said}

    def _installation(self) -> dict[str, Any]:
        return {
            "install_recommends": False,
            "update_cache": True,
            "cache_valid_time": self._task.args.get("cache_valid_time", 0),
        }

    def _apt(self, names: list[str], options: dict[str, Any], task_vars: Any) -> dict[str, Any]:
        arguments = {"name": names, "lock_timeout": 120, **options}
        return dict(
            self._execute_module(
                module_name="ansible.builtin.apt", module_args=arguments, task_vars=task_vars
            )
        )
