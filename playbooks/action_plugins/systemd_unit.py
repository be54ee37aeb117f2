"""Units of systemd, with the run that they are brought to a state by."""

from __future__ import annotations

from typing import Any

from ansible.plugins.action import ActionBase


class ActionModule(ActionBase):  # type: ignore[misc]
    """What Ansible looks for in this file."""

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Run the module, which keeps what was before in the run's record."""
        super().run(tmp, task_vars)
        result: dict[str, Any] = self._execute_module(
            module_name="ansible.legacy.systemd_unit",
            module_args={**self._task.args, "run": (task_vars or {}).get("bastide_run", "")},
            task_vars=task_vars,
        )
        return result
