"""Reads a play's existing servers anew, on the controller, before anything on them is changed."""

from __future__ import annotations

import time
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

QUICK_SECONDS = 2.0


class ActionModule(ActionBase):  # type: ignore[misc]
    """What Ansible looks for in this file; all knowledge is in bastide.actions.unaccepted_cuts."""

    _VALID_ARGS = frozenset[str]()

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the fact `unaccepted_cuts`: texts by host, `new` and `unread`."""
        super().run(tmp, task_vars)
        # Only where there are such hosts: what logs in takes a second to import.
        from bastide.actions.unaccepted_cuts import review
        from bastide.support.estate import estate_context
        from inventory.problems import InventoryError

        variables, started = task_vars or {}, time.monotonic()

        def show(host: str, left: int) -> None:
            if time.monotonic() - started > QUICK_SECONDS:
                self._display.display(f"read {host}, {left} left")

        try:
            context = estate_context(str(variables["bastide_estate_folder"]))
            result = review(context, variables["ansible_play_hosts_all"], show)
        except (InventoryError, OSError) as error:
            raise AnsibleActionFail(f"existing servers could not be read: {error}") from None
        facts = {"new": result.new, "unread": result.unread}
        return {"changed": False, "ansible_facts": {"unaccepted_cuts": facts}}
