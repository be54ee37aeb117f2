"""Has a host's Python read what the host can tell, and keeps that on the controller.

The program goes over standard input and what it reads comes over standard output: no file is
written on the host, and its journal does not keep the program.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

PYTHON = "/usr/bin/python3 -I -B -"


class ActionModule(ActionBase):  # type: ignore[misc]
    """What Ansible looks for in this file; what is kept and how is bastide.actions.incident's."""

    _VALID_ARGS = frozenset({"program", "folder"})

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return `folder`, where the evidence is, and `missing`, what could not be read."""
        super().run(tmp, task_vars)
        from bastide.actions.incident import EvidenceError, keep
        from inventory.run_id import new_run
        from monitors.audit.evidence.signing import SigningError

        variables = task_vars or {}
        if self._task.check_mode:
            return {"changed": False, "folder": "", "missing": []}
        program = Path(self._find_needle("files", str(self._task.args["program"])))
        started = datetime.now(UTC)
        answer = self._low_level_execute_command(PYTHON, in_data=program.read_bytes())
        if answer["rc"]:
            said = str(answer["stderr"] or answer["stdout"]).strip().splitlines() or ["no output"]
            raise AnsibleActionFail(f"the host's Python ended with {answer['rc']}: {said[-1]}")
        try:
            evidence = keep(
                answer["stdout"],
                Path(self._task.args["folder"]),
                Path(variables["bastide_state"]),
                str(variables["inventory_hostname"]),
                str(variables.get("bastide_run") or new_run()),
                started,
            )
        except (EvidenceError, SigningError, OSError) as error:
            raise AnsibleActionFail(f"the evidence could not be kept: {error}") from None
        return {
            "changed": False,
            "folder": str(evidence.folder),
            "missing": list(evidence.missing),
        }
