"""`bastide backup restore`: bring data back, beside what is there, or over it when told twice."""

import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import click

from bastide.actions import restore_output, restoring
from bastide.actions.restoring import Wanted
from bastide.support.completion import complete_hosts, complete_plans, complete_targets
from bastide.support.errors import CommandError, Exit
from bastide.support.estate import EstateContext, estate_context
from bastide.support.options import estate_option, json_option
from bastide.support.output import print_json
from bastide.support.progress import Progress
from monitors.audit.host_files import newest_content
from monitors.continuity.plan_states import read_plan_states
from monitors.continuity.records import DrillResult

# As much of an id as restic shows; the host refuses what fits two.
SHOWN = 8
EXAMPLE = '"2026-11-20 12:00"'


def read_time(ctx: click.Context, parameter: click.Parameter, text: str | None) -> datetime | None:
    """Read a time, of this machine's zone unless it says another."""
    try:
        return datetime.fromisoformat(text).astimezone() if text else None
    except (ValueError, OverflowError):
        raise click.BadParameter(f"{text!r}: expected a time such as {EXAMPLE}") from None


@click.command()
@click.argument("name", metavar="HOST|SERVICE", shell_complete=complete_hosts)
@click.option("--plan", metavar="PLAN", shell_complete=complete_plans, help="Where it has several.")
@click.option("--path", "paths", multiple=True, help="This alone, no database; may be repeated.")
@click.option(
    "--at",
    metavar="TIME",
    callback=read_time,
    help=f"As it was then, such as {EXAMPLE} (here): the newest snapshot until then.",
)
@click.option("--snapshot", metavar="ID", help="This one.  [default: the newest that counts]")
@click.option(
    "--from",
    "source",
    metavar="HOST",
    shell_complete=complete_targets,
    help="From the copy there.  [default: the first that answers]",
)
@click.option("--beside", metavar="FOLDER", help="Into it.  [default: one in /var/restore]")
@click.option(
    "--over",
    multiple=True,
    metavar="PLAN",
    help="Replace what is there, and keep it: its name is asked for again, or said twice.",
)
@click.option("--yes", is_flag=True, help="Do not ask.")
@estate_option
@json_option
def restore(
    name: str,
    plan: str | None,
    paths: tuple[str, ...],
    at: datetime | None,
    snapshot: str | None,
    source: str | None,
    beside: str | None,
    over: tuple[str, ...],
    yes: bool,
    estate_name: str | None,
    as_json: bool,
) -> int:
    """Bring data back, beside what is there (exit 1: not as backed up).

    Shows first which snapshot it takes, how much that is, where to and how long; then asks. What
    came is held against the manifest. Cut off, the same command goes on with it. With --over PLAN
    files and the database are put in place, when the plan is named a second time: at the question,
    or with --over PLAN --over PLAN --yes. What they replace is kept.
    """
    if at and snapshot:
        raise click.UsageError("expected --at or --snapshot, found both")
    context = estate_context(estate_name)
    objectives = restoring.choose(context, name, plan)
    if any(one != objectives.plan for one in over):
        raise click.UsageError(f"--over: expected the plan's name, {objectives.plan}")
    wanted = Wanted(
        objectives.host, objectives.plan, paths, snapshot, at, source, beside, over=bool(over)
    )
    progress = Progress()
    with restoring.logged_in(context, wanted.host) as session:
        with progress.stage(f"look for the snapshot of {wanted.plan} on {wanted.host}"):
            found = restoring.look(session, wanted)
        if not as_json:
            drill = _last_drill(context, wanted)
            restore_output.show_outlook(wanted, found, drill, datetime.now(UTC))
        _confirm(wanted, over, yes=yes)
        # A newer one that is made meanwhile is another.
        wanted = replace(wanted, snapshot=found.snapshot[:SHOWN], at=None)
        again = wanted.command(estate_name)
        with progress.stage(f"restore {wanted.plan} of {wanted.host}"):
            done = restoring.bring(session, wanted, progress, again)
    if as_json:
        print_json({"host": wanted.host, **done.model_dump(mode="json")})
    else:
        restore_output.show_result(wanted, done, wanted.command(estate_name, over=True))
    return Exit.WELL


def _last_drill(context: EstateContext, wanted: Wanted) -> DrillResult | None:
    states = read_plan_states(context.state, context.estate, newest_content)
    whose = (wanted.host, wanted.plan)
    return next(
        (s.drills.success for s in states if (s.objectives.host, s.objectives.plan) == whose), None
    )


def _confirm(wanted: Wanted, over: Sequence[str], *, yes: bool) -> None:
    """Ask whether to go on; over what is there only when the plan was named twice."""
    if yes and (not over or len(over) > 1):
        return
    if not sys.stdin.isatty():
        told = f"--over {wanted.plan} --over {wanted.plan} --yes" if over else "--yes"
        raise CommandError(
            "nothing was restored\n    expected: a yes, found: no terminal to ask at\n"
            f"    do: if that is what you want, say {told}",
            Exit.WRONG_USE,
        )
    if not over:
        click.confirm("Restore it?", abort=True, err=True)
        return
    question = f"This replaces what is on {wanted.host}. To go on, type the plan's name"
    if click.prompt(question, err=True, default="", show_default=False).strip() != wanted.plan:
        raise CommandError(f"not {wanted.plan}: nothing was restored", Exit.WRONG_USE)
