"""In which order hosts are updated and when they may be restarted: filters for patch.yml.

Ansible loads this file by its folder; the rules it applies are inventory's.
"""

import sys
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))


def update_batches(
    names: Collection[str], estate_folder: str, at_once: int | str = 1
) -> dict[str, str]:
    """Return the Ansible group of each host's batch; sorted, they are in the order of updates."""
    # Not at the top: Ansible loads every filter for each task that uses any of them.
    from inventory.load import load_estate
    from inventory.waves import waves

    planned = waves(load_estate(Path(estate_folder)), frozenset(names), at_once=int(at_once))
    batches = [(wave.name, batch) for wave in planned for batch in wave.batches]
    return {
        name: f"patch_{number:04}_{wave}"
        for number, (wave, batch) in enumerate(batches, start=1)
        for name in batch
    }


def restart_minutes(window: Mapping[str, Any]) -> int:
    """Return for how many minutes more a host may be restarted; 0 without a window."""
    from inventory.model.restart_window import RestartWindow
    from inventory.restart_window import time_left

    declared = RestartWindow.model_validate(dict(window)) if window else None
    return int(time_left(declared, datetime.now(UTC)).total_seconds() // 60)


class FilterModule:
    """What Ansible looks for in this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filters by the names that playbooks use."""
        return {"update_batches": update_batches, "restart_minutes": restart_minutes}
