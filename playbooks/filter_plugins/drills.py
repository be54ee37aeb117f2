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
    target: str = "",
    force: bool = False,
    max_age_seconds: float | str = "",
) -> list[dict[str, Any]]:
    """Return the copies of plans to drill now, each with where it and its password are.

    `earlier` of each is JSON: what its last good drill counted. `filled`: which unit of which host
    fills a second copy; `first`: nobody has drilled that copy yet.

    A plan is due when no drill of it has succeeded within `max_age_seconds` (empty: what its
    municipality's tier asks for), and its copies in turn; `force` takes all plans, `target` the
    copies on that host. ValueError when `host`, `plan` or `target` is unknown.
    """
    # Not at the top: Ansible loads every filter for each task that uses any of them.
    from inventory.load import load_estate
    from monitors.continuity.drill_history import drill_files, due_targets, read_drill_history
    from monitors.continuity.objectives import backup_objectives

    now = datetime.now(UTC)
    chosen = [
        objectives
        for objectives in backup_objectives(load_estate(Path(estate_folder)))
        if host in ("", objectives.host)
        and plan in ("", objectives.plan)
        and target in ("", *objectives.targets)
    ]
    if not chosen and (host or plan or target):
        kept = f" with a copy on {target}" if target else ""
        raise ValueError(
            f"the inventory has no backup plan {plan or 'at all'} of {host or 'any'}{kept}"
        )
    due, files = [], drill_files(Path(state))
    for each in chosen:
        limit = float(max_age_seconds or each.drill_every_seconds)
        history = read_drill_history(files, each.host, each.plan, each.targets, now)
        plans = {entry["id"]: entry for entry in hostvars[each.host]["bastide_backups"]}
        earlier = json.dumps(counts(history.success))
        objective = {
            "rpo_seconds": each.rpo_seconds,
            "keep_seconds": each.keep_seconds,
            "earlier": earlier,
        }
        undrilled = {copy.target for copy in history.copies if copy.newest is None}
        for name in (target,) if target else due_targets(history, limit, now, force=force):
            asked = {"first": name in undrilled, **copy_at(plans[each.plan], name)}
            due.append({**plans[each.plan], **each.labels, **objective, **asked})
    return due


def copy_at(plan: Mapping[str, Any], target: str) -> dict[str, Any]:
    """Return where the copy of a plan is that a target holds, and what fills a second one."""
    if target == plan["target"]:
        return {"bucket": {}, "filled": {}}
    if target == plan["bucket"].get("target"):
        filled = {"on": plan["target"], "by": "bastide-vault-push.service"}
        return {"target": target, "target_address": "", "filled": filled}
    (copy,) = (copy for copy in plan["copies"] if copy["target"] == target)
    return {**copy, "bucket": {}, "filled": {"on": target, "by": "bastide-vault-pull.service"}}


def counts(drill: "DrillResult | None") -> dict[str, Any]:
    """Return what a drill counted, for the next one to be held against; nothing before any."""
    if drill is None:
        return {}
    files = drill.files_verified + drill.files_moved
    return {"files": files, "octets": drill.bytes_restored, "rows": drill.rows}


class FilterModule:
    """What Ansible looks for in this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filter by the name that playbooks use."""
        return {"plans_to_drill": to_drill}
