"""systemd_service, with an answer in check mode for units that come with what is not there yet."""

from __future__ import annotations

from typing import Any

from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action import ActionBase

MISSING = "Could not find the requested service"
RUNNING = frozenset({"started", "restarted", "reloaded"})


class ActionModule(ActionBase):  # type: ignore[misc]
    """What Ansible looks for in this file."""

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Run the module; in check mode a unit that is missing would start, or stays stopped."""
        super().run(tmp, task_vars)
        wanted = dict(self._task.args)
        result: dict[str, Any] = self._execute_module(
            module_name="ansible.legacy.systemd_service", module_args=wanted, task_vars=task_vars
        )
        if not self._task.check_mode or MISSING not in str(result.get("msg", "")):
            return result
        return {
            "changed": wanted.get("state") in RUNNING or boolean(wanted.get("enabled", False)),
            "name": wanted["name"],
            "state": wanted.get("state", ""),
            "enabled": wanted.get("enabled"),
            "status": {},
        }
