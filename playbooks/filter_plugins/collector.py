"""What the collector of audits runs, and what it tries at neighbours: filters for the role audit.

Ansible loads this file by its folder; the lists are those of monitors.
"""

import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from inventory.own import own_files
from monitors.outside.tables import UDP_PROBES, tried_ports

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


def neighbour_list(neighbours: Sequence[dict[str, Any]]) -> str:
    """Return `bastide_neighbours` as JSON, with the ports too that no host should have open."""
    asked = [{"port": probe.port, "content": probe.content.hex()} for probe in UDP_PROBES]
    tried = [
        {**each, "ports": tried_ports(each["ports"]), "datagrams": asked} for each in neighbours
    ]
    return json.dumps(tried, indent=1) + "\n"


class FilterModule:
    """What Ansible looks for in this file."""

    def filters(self) -> dict[str, Callable[[Any], str]]:
        """Return the filters by the names that playbooks use."""
        return {"collector_commands": collector_commands, "neighbour_list": neighbour_list}
