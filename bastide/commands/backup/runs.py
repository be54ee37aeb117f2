"""`bastide backup run` and `drill`: make snapshots, and prove that they can be restored."""

from datetime import UTC, datetime

import click

from bastide.actions import ansible, backup_output
from bastide.actions.playbook_recap import Recap
from bastide.support.completion import complete_hosts, complete_plans, complete_targets
from bastide.support.errors import CommandError, Exit
from bastide.support.estate import EstateContext, estate_context
from bastide.support.options import estate_option, host_option, json_option
from inventory.entries import hosts
from monitors.continuity.objectives import BackupObjectives, backup_objectives
from monitors.continuity.plan_states import newest_drills
from monitors.continuity.records import Depth

# A drill goes as deep as its plan does; only the deepest is asked for.
DEPTHS = (Depth.SERVICE.value, Depth.HOST.value)


@click.command()
@estate_option
@json_option
@host_option("Only this host.")
def run(estate_name: str | None, as_json: bool, host: str | None) -> int:
    """Back up every plan now."""
    context = estate_context(estate_name)
    plans = _plans(context, host)
    limit = ["--limit", host] if host else []
    recap = ansible.play(context, "backup", ["-e", "backup_force=true", *limit])
    backup_output.show_backups(plans, recap, as_json=as_json)
    return _exit_of(recap)


@click.command()
@estate_option
@json_option
@click.argument("named", metavar="[HOST]", required=False, shell_complete=complete_hosts)
@host_option("Only this host's plans.")
@click.option(
    "--depth",
    type=click.Choice(DEPTHS),
    default=DEPTHS[0],
    help="L6: rebuild the HOST as well, beside the original, and let the monitors judge it; that "
    "takes minutes.  [default: as deep as the plan goes, L5 or L4]",
)
@click.option("--plan", metavar="PLAN", shell_complete=complete_plans, help="Only this plan.")
@click.option(
    "--target",
    metavar="HOST",
    shell_complete=complete_targets,
    help="From the copy on this host.  [default: of several copies the next in turn]",
)
@click.option(
    "--accept-fewer", is_flag=True, help="Files and rows that the last drill had may be gone."
)
def drill(
    estate_name: str | None,
    as_json: bool,
    named: str | None,
    host: str | None,
    depth: str,
    plan: str | None,
    target: str | None,
    accept_fewer: bool,
) -> int:
    """Restore the newest snapshots, prove them, measure RPO and RTO.

    On the scratch machine, from the plan's copies in turn; exit 1 when a restore is not proved, or
    has clearly fewer files or rows than the last one that succeeded.
    """
    context, host = estate_context(estate_name), host or named
    plans = _plans(context, host, plan, target)
    if depth == Depth.HOST:
        return _rebuild(context, host, plans, as_json=as_json)
    started = datetime.now(UTC)
    variables = {
        "drill_force": "true",
        "drill_host": host or "",
        "drill_plan": plan or "",
        "drill_target": target or "",
    }
    if accept_fewer:
        variables["drill_accept_fewer"] = "true"
    arguments = [part for name, value in variables.items() for part in ("-e", f"{name}={value}")]
    recap = ansible.play(context, "restore_drill", arguments)
    done = [d for d in newest_drills(context.state, context.estate) if d.finished >= started]
    backup_output.show_drills(done, as_json=as_json)
    if recap.ok and not all(d.ok for d in done):
        return Exit.FINDINGS
    return _exit_of(recap)


def _rebuild(
    context: EstateContext, host: str | None, plans: list[BackupObjectives], *, as_json: bool
) -> int:
    """Rebuild one host beside the original, and show what was proved."""
    if host is None:
        raise CommandError("depth L6 rebuilds one HOST: name it", Exit.WRONG_USE)
    from bastide.actions.rebuild_drill import rebuild

    (entry,) = (entry for entry in hosts(context.estate) if entry.name == host)
    done = rebuild(context, entry, tuple(plans))
    backup_output.show_drills(done, as_json=as_json)
    return Exit.WELL if all(result.ok for result in done) else Exit.FINDINGS


def _plans(
    context: EstateContext, host: str | None, plan: str | None = None, target: str | None = None
) -> list[BackupObjectives]:
    """Return the plans of a host, a name and a target; CommandError lists those that there are."""
    every = backup_objectives(context.estate)
    chosen = [
        p
        for p in every
        if host in (None, p.host) and plan in (None, p.plan) and target in (None, *p.targets)
    ]
    if not chosen:
        listed = sorted(f"{p.host} {p.plan} on {' and '.join(p.targets)}" for p in every)
        there_are = ", ".join(listed) or "none"
        raise CommandError(f"no such plan; the estate has: {there_are}", Exit.WRONG_USE)
    return chosen


def _exit_of(recap: Recap) -> Exit:
    if recap.ok:
        return Exit.WELL
    click.echo(f"log: {recap.log}", err=True)
    return Exit.FINDINGS
