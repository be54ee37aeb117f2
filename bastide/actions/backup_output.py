"""Backup plans and drills as tables and JSON."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from bastide.actions.playbook_recap import Recap
from bastide.support.durations import duration
from bastide.support.output import print_json, print_table, row
from monitors.continuity.drill_history import CopyDrills
from monitors.continuity.objectives import BackupObjectives
from monitors.continuity.plan_states import PlanState
from monitors.continuity.records import DrillResult

HOUR_SECONDS = 3600


def show_plans(plans: Sequence[PlanState], now: datetime, *, as_json: bool) -> None:
    """Print what is known of each plan's snapshots and drills."""
    if as_json:
        print_json([plan_values(plan, now) for plan in plans])
        return
    print_table(
        ("host", "plan", "newest snapshot", "second copy", "asked", "RPO", "last drill"),
        (
            row(
                plan.objectives.host,
                plan.objectives.plan,
                describe_age(plan, now),
                describe_second(plan, now),
                describe_asked(plan, now),
                f"{plan.objectives.rpo_seconds / HOUR_SECONDS:.0f} h",
                describe_drills(plan),
                bad=not plan.within_rpo(now),
            )
            for plan in plans
        ),
    )


def show_backups(plans: Sequence[BackupObjectives], recap: Recap, *, as_json: bool) -> None:
    """Print what a run of the backups came to on each host that has plans."""
    messages = {failure.host: failure.message for failure in recap.failures}
    hosts = _by_host(plans)
    done = {host: _backed_up(recap, host) for host in hosts}
    if as_json:
        print_json(
            [
                {"host": host, "plans": names, "ok": done[host], "error": messages.get(host)}
                for host, names in hosts.items()
            ]
        )
        return
    print_table(
        ("host", "plans", "result"),
        (
            row(
                host,
                ", ".join(names),
                "backed up" if done[host] else f"FAILED: {messages.get(host) or 'see the log'}",
                bad=not done[host],
            )
            for host, names in hosts.items()
        ),
    )


def show_drills(results: Sequence[DrillResult], *, as_json: bool) -> None:
    """Print what the drills proved and measured."""
    if as_json:
        print_json([result.model_dump(mode="json") for result in results])
        return
    print_table(
        ("host", "plan", "copy on", "result", "lost (RPO)", "rows", "files"),
        (
            row(
                result.host,
                result.plan,
                result.target or "",
                describe_drill(result),
                "" if result.rpo_seconds is None else f"{result.rpo_seconds / 60:.0f} min",
                str(sum(result.rows.values())),
                str(result.files_verified),
                bad=not result.ok,
            )
            for result in results
        ),
    )


def plan_values(plan: PlanState, now: datetime) -> dict[str, Any]:
    """Return a plan's state as plain JSON values; times in UTC, durations in seconds."""
    drill = plan.last_drill
    return {
        "municipality": plan.objectives.municipality,
        "host": plan.objectives.host,
        "plan": plan.objectives.plan,
        "asked_at": plan.reported_at.isoformat() if plan.reported_at else None,
        "last_snapshot": plan.last_snapshot.isoformat() if plan.last_snapshot else None,
        "age_seconds": plan.age_seconds(now),
        "rpo_seconds": plan.objectives.rpo_seconds,
        "within_rpo": plan.within_rpo(now),
        "problem": plan.problem,
        "target": plan.objectives.target,
        "second_target": plan.objectives.second_target,
        "second_in_bucket": plan.objectives.in_bucket,
        "second_last_snapshot": plan.second_snapshot.isoformat() if plan.second_snapshot else None,
        "second_problem": plan.in_bucket if isinstance(plan.in_bucket, str) else None,
        "copies": [copy.model_dump(mode="json") for copy in plan.copies],
        "doubted": [doubt.model_dump() for doubt in plan.doubted],
        "check": plan.check.model_dump(mode="json") if plan.check else None,
        "drill": drill.model_dump(mode="json") if drill else None,
        "drilled_copies": [copy_values(copy) for copy in plan.drills.copies],
    }


def copy_values(copy: CopyDrills) -> dict[str, Any]:
    """Return what drills proved of one copy as plain JSON values."""
    return {
        "target": copy.target,
        "ok": copy.newest.ok if copy.newest else None,
        "error": copy.newest.error if copy.newest else None,
        "last_success": copy.success.started.isoformat() if copy.success else None,
    }


def describe_age(plan: PlanState, now: datetime) -> str:
    """Return how old a plan's newest snapshot is, or why that is not known."""
    age = plan.age_seconds(now)
    if age is None:
        return plan.problem or "unknown"
    doubted = f" ({len(plan.doubted)} newer do not count)" if plan.doubted else ""
    return f"{duration(age)}{doubted}"


def describe_second(plan: PlanState, now: datetime) -> str:
    """Return where a plan's second copy is and how old its newest snapshot, or why not."""
    second = plan.objectives.second_target
    if second is None:
        return "none"
    if plan.second_snapshot:
        return f"{duration((now - plan.second_snapshot).total_seconds())} on {second}"
    if isinstance(plan.in_bucket, str):
        return f"{second}: {plan.in_bucket}"
    said = [copy.error for copy in plan.copies if copy.target == second and copy.error]
    return f"{second}: {said[0] if said else 'no snapshot known'}"


def describe_asked(plan: PlanState, now: datetime) -> str:
    """Return how long ago the host has asked the target, which is what all else stands on."""
    if plan.reported_at is None:
        return "never"
    return f"{duration((now - plan.reported_at).total_seconds())} ago"


def describe_drills(plan: PlanState) -> str:
    """Return what the newest drill of each copy proved, with the target where there are several."""
    if len(plan.drills.copies) == 1:
        return describe_drill(plan.last_drill)
    return "; ".join(f"{copy.target}: {describe_drill(copy.newest)}" for copy in plan.drills.copies)


def describe_drill(drill: DrillResult | None) -> str:
    """Return what a drill proved, or why it failed."""
    if drill is None:
        return "never"
    if not drill.ok or drill.rto_seconds is None:
        return f"FAILED: {drill.error}"
    return (
        f"restored to depth {drill.depth} in {drill.rto_seconds:.1f} s ({drill.started:%Y-%m-%d})"
    )


def _by_host(plans: Sequence[BackupObjectives]) -> dict[str, list[str]]:
    hosts: dict[str, list[str]] = {}
    for plan in plans:
        hosts.setdefault(plan.host, []).append(plan.plan)
    return hosts


def _backed_up(recap: Recap, host: str) -> bool:
    """Whether the playbook made snapshots on a host: it reports a change for each that it made."""
    return host in recap.hosts and recap.hosts[host].finished and recap.hosts[host].changed > 0
