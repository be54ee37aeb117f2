"""`bastide playbook`: what we configure."""

import subprocess
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from bastide.actions import ansible, host_check
from bastide.actions import runs as run_log
from bastide.actions.own_playbooks import find_playbook_problems
from bastide.actions.playbook_recap import Recap
from bastide.actions.rollback import complete_runs, roll_back, show_rollback
from bastide.support.completion import complete_hosts, complete_playbooks
from bastide.support.errors import Exit
from bastide.support.estate import EstateContext, estate_context, refuse_unacknowledged
from bastide.support.options import estate_option, json_option
from bastide.support.output import print_json, print_table, row
from bastide.support.progress import Progress
from bastide.support.shipped_files import program
from infra import credentials
from inventory.paths import shipped


@click.group("playbook")
def group() -> None:
    """What we configure: check the playbooks, run one, undo a run.

    Plain ansible-playbook works as well.
    """


@group.command()
@estate_option
@json_option
def check(estate_name: str | None, as_json: bool) -> int:
    """Check the syntax of every playbook, the estate's own too."""
    context = estate_context(estate_name)
    own = context.estate.own
    problems = {}
    for file in (*sorted(shipped("playbooks").glob("*.yml")), *own.playbooks):
        name = str(file) if file in own.playbooks else file.name
        problems[name] = _syntax_problem(context, file)
        if not as_json:
            whose = "  (the estate's own)" if file in own.playbooks else ""
            click.echo(f"{'WRONG' if problems[name] else 'well':<6} {file.name}{whose}")
            click.echo(problems[name], err=True, nl=False)
    for problem in find_playbook_problems(own):
        problems[str(problem.file)] = str(problem)
        if not as_json:
            click.echo(problem, err=True)
    if as_json:
        print_json(problems)
    return Exit.FINDINGS if any(problems.values()) else Exit.WELL


def _syntax_problem(context: EstateContext, file: Path) -> str:
    """Return what Ansible finds wrong with a playbook, nothing when it is well."""
    done = subprocess.run(
        [str(program("ansible-playbook")), "--syntax-check", str(file)],
        cwd=shipped("playbooks"),
        env=ansible.environment(context),
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stderr if done.returncode else ""


@group.command()
@click.argument("name", shell_complete=complete_playbooks)
@estate_option
@json_option
@click.option(
    "--limit",
    shell_complete=complete_hosts,
    help="Only these hosts or groups (Ansible's pattern).",
)
@click.option("--check", "dry", is_flag=True, help="Change nothing; show what would change.")
def run(name: str, estate_name: str | None, as_json: bool, limit: str | None, dry: bool) -> int:
    """Run playbook NAME, with progress and a recap per host.

    Existing servers are read anew before configure and harden: what they would lose and nobody has
    accepted ends the run before anything changes (exit 1).
    """
    context = estate_context(estate_name)
    if limit is None:  # with one, the playbooks refuse the hosts among them
        refuse_unacknowledged(context)
    changed = host_check.changed(context, limit)
    host_check.run_first(context, Progress(), changed)
    # A first run may come before any `bastide up`, which makes them as well.
    credentials.ensure(context.estate, context.state)
    arguments = [*(["--limit", limit] if limit else []), *(["--check", "--diff"] if dry else [])]
    recap = ansible.play(context, name, arguments)
    if as_json:
        print_json(as_json_values(recap))
    else:
        show(recap)
    return Exit.WELL if recap.ok else Exit.FINDINGS


@group.command()
@estate_option
@json_option
def runs(estate_name: str | None, as_json: bool) -> int:
    """List the runs that changed something, the newest last."""
    known = run_log.read(estate_context(estate_name).state)
    if as_json:
        print_json([asdict(each) for each in known])
        return Exit.WELL
    print_table(
        ("run", "playbooks", "changed"),
        (
            row(
                each.run,
                ", ".join(each.playbooks),
                ", ".join(f"{host} {number}" for host, number in sorted(each.changed.items())),
                bad=not each.ok,
            )
            for each in known
        ),
    )
    return Exit.WELL


@group.command()
@click.argument("run_id", metavar="RUN", shell_complete=complete_runs)
@estate_option
@json_option
@click.option(
    "--host", "names", multiple=True, shell_complete=complete_hosts, help="Only this host."
)
@click.option("--dry-run", "dry", is_flag=True, help="Change nothing; show what would be put back.")
@click.option("--force", is_flag=True, help="Put back in spite of what speaks against it.")
def rollback(
    run_id: str,
    estate_name: str | None,
    as_json: bool,
    names: tuple[str, ...],
    dry: bool,
    force: bool,
) -> int:
    """Put back what RUN changed on its hosts (exit 1: not all of it).

    Refused, with nothing changed anywhere, where a later run changed the same things or a file is
    no longer what the run left. A rollback is a run too, and can be rolled back.
    """
    context = estate_context(estate_name)
    refuse_unacknowledged(context)
    result = roll_back(context, run_id, names, dry=dry, force=force)
    if as_json:
        print_json({**as_json_values(result.recap), "undone": [asdict(u) for u in result.hosts]})
    else:
        show_rollback(result, dry=dry)
        if not dry or not result.recap.ok:
            show(result.recap)
    return Exit.WELL if result.well else Exit.FINDINGS


def as_json_values(recap: Recap) -> dict[str, Any]:
    """Return a recap as plain JSON values; seconds as a number."""
    return {
        "ok": recap.ok,
        "changed": recap.changed,
        "hosts": {name: asdict(host) for name, host in recap.hosts.items()},
        "failures": [asdict(failure) for failure in recap.failures],
        "seconds": recap.seconds,
        "playbooks": [asdict(time) for time in recap.playbooks],
        "log": str(recap.log),
        "run": recap.run,
    }


def show(recap: Recap) -> None:
    """Print a row per host and where the log is."""
    print_table(
        ("host", "ok", "changed", "failed", "unreachable"),
        (
            row(
                name,
                *map(str, (host.ok, host.changed, host.failed, host.unreachable)),
                bad=not host.finished,
            )
            for name, host in sorted(recap.hosts.items())
        ),
    )
    click.echo(f"log: {recap.log}")
    if any(recap.changed.values()):
        click.echo(f"run: {recap.run}; undo: bastide playbook rollback {recap.run}")
