"""`bastide backup`: what could be restored, and what a restore has proved."""

from datetime import UTC, datetime
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from bastide.actions import ansible
from bastide.support.errors import CommandError, Exit
from bastide.support.estate import estate_context
from bastide.support.options import estate_option, json_option
from bastide.support.output import print_json
from monitors.audit.host_files import newest_content
from monitors.continuity.objectives import backup_objectives
from monitors.continuity.plan_states import PlanState, read_plan_states

HOUR_SECONDS = 3600


@click.group("backup")
def group() -> None:
    """What could be restored: plans, snapshots, drills."""


def plan_values(plan: PlanState, now: datetime) -> dict[str, Any]:
    """Return a plan's state as plain JSON values; times in UTC, durations in seconds."""
    drill = plan.last_drill
    return {
        "municipality": plan.objectives.municipality,
        "host": plan.objectives.host,
        "plan": plan.objectives.plan,
        "last_snapshot": plan.last_snapshot.isoformat() if plan.last_snapshot else None,
        "age_seconds": plan.age_seconds(now),
        "rpo_seconds": plan.objectives.rpo_seconds,
        "within_rpo": plan.within_rpo(now),
        "problem": plan.problem,
        "drill": drill.model_dump(mode="json") if drill else None,
    }


def _age(plan: PlanState, now: datetime) -> str:
    age = plan.age_seconds(now)
    if age is None:
        return plan.problem or "unknown"
    return f"{age / 60:.0f} min" if age < HOUR_SECONDS else f"{age / HOUR_SECONDS:.1f} h"


def _drill(plan: PlanState) -> str:
    drill = plan.last_drill
    if drill is None:
        return "never"
    if not drill.ok or drill.rto_seconds is None:
        return f"FAILED: {drill.error}"
    return f"{drill.depth} in {drill.rto_seconds:.1f} s ({drill.started:%Y-%m-%d})"


@group.command()
@estate_option
@json_option
def status(estate_name: str | None, as_json: bool) -> int:
    """Show each plan's newest snapshot against its RPO, and its last drill (exit 1 when late)."""
    context = estate_context(estate_name)
    plans = read_plan_states(context.state, context.estate, newest_content)
    now = datetime.now(UTC)
    well = all(p.within_rpo(now) and p.last_drill and p.last_drill.ok for p in plans)
    if as_json:
        print_json([plan_values(plan, now) for plan in plans])
        return Exit.WELL if well else Exit.FINDINGS
    table = Table("host", "plan", "newest snapshot", "RPO", "last drill")
    for plan in plans:
        late = not plan.within_rpo(now)
        table.add_row(
            plan.objectives.host,
            plan.objectives.plan,
            _age(plan, now),
            f"{plan.objectives.rpo_seconds / HOUR_SECONDS:.0f} h",
            _drill(plan),
            style="bold red" if late else None,
        )
    Console().print(table)
    return Exit.WELL if well else Exit.FINDINGS


@group.command("plan")
@estate_option
@json_option
def show_plans(estate_name: str | None, as_json: bool) -> int:
    """List the backup plans of the inventory with their targets for loss and time (RPO, RTO)."""
    plans = backup_objectives(estate_context(estate_name).estate)
    if as_json:
        print_json(
            [
                {**p.labels, "rpo_seconds": p.rpo_seconds, "rto_seconds": p.rto_seconds}
                for p in plans
            ]
        )
        return Exit.WELL
    table = Table("host", "plan", "RPO", "RTO", "drill every")
    for plan in plans:
        table.add_row(
            plan.host,
            plan.plan,
            f"{plan.rpo_seconds / HOUR_SECONDS:.0f} h",
            f"{plan.rto_seconds / HOUR_SECONDS:.0f} h",
            f"{plan.drill_every_seconds / HOUR_SECONDS / 24:.0f} days",
        )
    Console().print(table)
    return Exit.WELL


@group.command()
@estate_option
@click.option("--host", help="Only this host.")
def run(estate_name: str | None, host: str | None) -> int:
    """Back up every plan now."""
    limit = ["--limit", host] if host else []
    return _play("backup", estate_name, ["-e", "backup_force=true", *limit])


@group.command()
@estate_option
@click.option("--host", default="", help="Only this host's plans.")
@click.option("--plan", default="", help="Only this plan.")
def drill(estate_name: str | None, host: str, plan: str) -> int:
    """Restore the newest snapshots on the scratch machine, prove them, measure RPO and RTO."""
    context = estate_context(estate_name)
    known = {(p.host, p.plan) for p in backup_objectives(context.estate)}
    if not any((not host or host == h) and (not plan or plan == p) for h, p in known):
        listed = ", ".join(f"{h} {p}" for h, p in sorted(known))
        raise CommandError(f"no such plan; the estate has: {listed}", Exit.WRONG_USE)
    words = ["-e", "drill_force=true", "-e", f"drill_host={host}", "-e", f"drill_plan={plan}"]
    return _play("restore_drill", estate_name, words)


def _play(name: str, estate_name: str | None, arguments: list[str]) -> int:
    recap = ansible.play(estate_context(estate_name), name, arguments)
    if not recap.ok:
        click.echo(f"log: {recap.log}", err=True)
    return Exit.WELL if recap.ok else Exit.FINDINGS
