"""A unit of systemd, with an answer in check mode for what is not there yet."""

from __future__ import annotations

from typing import Any

from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action import ActionBase

MISSING = "Could not find the requested service"
RUNNING = frozenset({"started", "restarted", "reloaded"})


def answer(wanted: dict[str, Any], result: dict[str, Any]) -> dict[str, Any]:
    """Return a result of check mode, in which a missing unit would start or stays stopped."""
    if MISSING not in str(result.get("msg", "")):
        return result
    return {
        "changed": wanted.get("state") in RUNNING or boolean(wanted.get("enabled", False)),
        "name": wanted["name"],
        "state": wanted.get("state", ""),
        "enabled": wanted.get("enabled"),
        "status": {},
    }


class ActionModule(ActionBase):  # type: ignore[misc]
    """What Ansible looks for in this file."""

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Run the module; in check mode a unit may be missing."""
        super().run(tmp, task_vars)
        wanted = dict(self._task.args)
        result: dict[str, Any] = self._execute_module(
            module_name="ansible.legacy.systemd_unit",
            module_args={**wanted, "run": (task_vars or {}).get("bastide_run", "")},
            task_vars=task_vars,
        )
        return answer(wanted, result) if self._task.check_mode else result
