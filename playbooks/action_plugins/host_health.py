"""Asks the estate's own monitors, on the controller, how a host is or whether it is well again."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

NOBODY = "no operations host watches this estate: the host is judged by itself alone"


class ActionModule(ActionBase):  # type: ignore[misc]
    """What Ansible looks for in this file; all knowledge is in bastide.actions.host_health."""

    _VALID_ARGS = frozenset({"before", "seconds"})

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return `problems`, now; or, with what was wrong `before`, wait until nothing else is."""
        super().run(tmp, task_vars)
        # Only where hosts are updated: importing it takes a second.
        from bastide.actions.host_health import failing_partners, read, wait_until_well
        from bastide.actions.status import has_prometheus
        from bastide.support.errors import CommandError
        from bastide.support.estate import estate_context
        from inventory.outputs import OutputsError
        from inventory.problems import InventoryError
        from monitors.web_api import ApiError

        variables = task_vars or {}
        host = str(variables["inventory_hostname"])
        try:
            context = estate_context(str(variables["bastide_estate_folder"]))
            if not has_prometheus(context.estate):
                return {"changed": False, "problems": [], "msg": NOBODY}
            if "before" not in self._task.args:
                if partners := failing_partners(context, host):
                    raise AnsibleActionFail(f"what stands in for it fails: {'; '.join(partners)}")
                return {"changed": False, "problems": sorted(read(context, host).problems)}
            seconds = float(self._task.args["seconds"])
            problems = wait_until_well(context, host, self._task.args["before"], seconds)
        except (ApiError, CommandError, InventoryError, OutputsError, OSError) as error:
            raise AnsibleActionFail(f"the monitors could not be asked: {error}") from None
        if problems:
            raise AnsibleActionFail(f"not as well as before: {'; '.join(problems)}")
        return {"changed": False, "problems": []}
