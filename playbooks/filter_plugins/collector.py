"""The list of commands that the collector of audits runs: a filter for the role audit.

Ansible loads this file by its folder; the list is monitors.audit's.
"""

import sys
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from inventory.own import own_files

LIST = Path(__file__).resolve().parents[1] / "roles/audit/files/collector/commands.json"


def collector_commands(estate_folder: str) -> str:
    """Return the list as JSON: ours, or made anew where the estate has controls of its own.

    Raises InventoryError when those are wrong.
    """
    own = own_files(Path(estate_folder))
    if not own.controls:
        return LIST.read_text(encoding="utf-8")
    # Only then: loading the checks takes longer than the whole task.
    from monitors.audit.judge.command_list import render
    from monitors.audit.model.own_controls import controls_of

    return render(controls_of(own), own=own.checks)


class FilterModule:
    """What Ansible looks for in this file."""

    def filters(self) -> dict[str, Callable[[str], str]]:
        """Return the filter by the name that playbooks use."""
        return {"collector_commands": collector_commands}
