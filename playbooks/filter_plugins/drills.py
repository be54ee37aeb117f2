"""Which backup plans need a drill now: a filter for restore_drill.yml.

Ansible loads this file by its folder; the rules it applies are monitors.continuity's.
"""

import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from inventory.load import load_estate
from monitors.continuity.drill_history import is_due, read_drill_history
from monitors.continuity.objectives import backup_objectives


def to_drill(
    hostvars: Mapping[str, Any],
    state: str,
    estate_folder: str,
    *,
    host: str = "",
    plan: str = "",
    force: bool = False,
    max_age_seconds: float | str = "",
) -> list[dict[str, Any]]:
    """Return the plans to drill now, each with where its copies and its password are.

    A plan is due when no drill of it has succeeded within `max_age_seconds` (empty: what its
    municipality's tier asks for); `force` takes all. ValueError when `host` or `plan` is unknown.
    """
    now = datetime.now(UTC)
    known = [
        wanted
        for wanted in backup_objectives(load_estate(Path(estate_folder)))
        if host in ("", wanted.host) and plan in ("", wanted.plan)
    ]
    if not known and (host or plan):
        raise ValueError(f"the inventory has no backup plan {plan or 'at all'} of {host or 'any'}")
    due = []
    for wanted in known:
        limit = float(max_age_seconds or wanted.drill_every_seconds)
        history = read_drill_history(Path(state), wanted.host, wanted.plan, now)
        if force or is_due(history, limit, now):
            plans = {entry["id"]: entry for entry in hostvars[wanted.host]["bastide_backups"]}
            due.append({**plans[wanted.plan], **wanted.labels, "rpo_seconds": wanted.rpo_seconds})
    return due


class FilterModule:
    """What Ansible looks for in this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filter by the name that playbooks use."""
        return {"plans_to_drill": to_drill}
