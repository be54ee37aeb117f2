"""Which backup plans need a drill now: a filter for restore_drill.yml.

Ansible loads this file by its folder; the rules it applies are monitors.continuity's.
"""

import json
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from monitors.continuity.records import DrillResult

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))


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

    `earlier` of each is JSON: what its last good drill counted.

    A plan is due when no drill of it has succeeded within `max_age_seconds` (empty: what its
    municipality's tier asks for); `force` takes all. ValueError when `host` or `plan` is unknown.
    """
    # Not at the top: Ansible loads every filter for each task that uses any of them.
    from inventory.load import load_estate
    from monitors.continuity.drill_history import drill_files, is_due, read_drill_history
    from monitors.continuity.objectives import backup_objectives

    now = datetime.now(UTC)
    chosen = [
        objectives
        for objectives in backup_objectives(load_estate(Path(estate_folder)))
        if host in ("", objectives.host) and plan in ("", objectives.plan)
    ]
    if not chosen and (host or plan):
        raise ValueError(f"the inventory has no backup plan {plan or 'at all'} of {host or 'any'}")
    due, files = [], drill_files(Path(state))
    for each in chosen:
        limit = float(max_age_seconds or each.drill_every_seconds)
        history = read_drill_history(files, each.host, each.plan, now)
        if force or is_due(history, limit, now):
            plans = {entry["id"]: entry for entry in hostvars[each.host]["bastide_backups"]}
            earlier = json.dumps(counts(history.success))
            objective = {"rpo_seconds": each.rpo_seconds, "earlier": earlier}
            due.append({**plans[each.plan], **each.labels, **objective})
    return due


def counts(drill: "DrillResult | None") -> dict[str, Any]:
    """Return what a drill counted, for the next one to be held against; nothing before any."""
    if drill is None:
        return {}
    return {"files": drill.files_verified + drill.files_moved, "rows": drill.rows}


class FilterModule:
    """What Ansible looks for in this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filter by the name that playbooks use."""
        return {"plans_to_drill": to_drill}
