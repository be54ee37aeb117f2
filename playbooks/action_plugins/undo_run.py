"""Undoes a run: what could cut somebody off first, confirmed from outside, then all the rest."""

from __future__ import annotations

from typing import Any

from ansible.plugins.action import ActionBase


class ActionModule(ActionBase):  # type: ignore[misc]
    """What Ansible looks for in this file."""

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Take back confirmed changes under a timer of the host; only then put back the others."""
        super().run(tmp, task_vars)
        variables = task_vars or {}
        if self._task.check_mode:
            return self.step("all", variables)
        first = self.step("confirm", variables)
        if first.get("failed"):
            return first
        if not first["change"]:
            return self.step("all", variables)
        kept = self.confirm(first["change"], variables)
        if kept.get("failed"):
            return kept
        rest = self.step("rest", variables)
        return rest if rest.get("failed") else {**rest, "things": first["things"], "changed": True}

    def step(self, name: str, variables: dict[str, Any]) -> dict[str, Any]:
        """Run the module's step."""
        return dict(
            self._execute_module(
                module_name="ansible.legacy.undo_run",
                module_args={**self._task.args, "step": name},
                task_vars=variables,
            )
        )

    def confirm(self, change: str, variables: dict[str, Any]) -> dict[str, Any]:
        """Log in anew and keep the change, as commit_confirmed does."""
        action = self._shared_loader_obj.action_loader.get(
            "commit_confirmed",
            task=self._task,
            connection=self._connection,
            play_context=self._play_context,
            loader=self._loader,
            templar=self._templar,
            shared_loader_obj=self._shared_loader_obj,
        )
        return dict(action.confirm(change, variables))
