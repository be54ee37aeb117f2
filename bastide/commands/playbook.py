"""`bastide playbook`: what we configure."""

import subprocess
from collections.abc import Sequence

import click

from bastide import ansible
from bastide.chain.progress import Progress
from bastide.errors import Exit
from bastide.opened import Opened, open_estate
from bastide.options import estate_option, json_option, print_json
from bastide.places import program, shipped


@click.group("playbook")
def group() -> None:
    """What we configure: check the playbooks, run one (plain ansible-playbook works as well)."""


def show_event(progress: Progress, event: dict[str, str]) -> None:
    """Name the task that runs now; print a failure when it comes."""
    if event["event"] == "start":
        progress.now(event["task"])
    elif event.get("outcome") in ("failed", "unreachable"):
        progress.step(event["host"], f"{event['task']}: {event['message']}", good=False)


def play(opened: Opened, name: str, arguments: Sequence[str]) -> ansible.Recap:
    """Run a playbook as one stage, telling what runs and what fails."""
    progress = Progress()
    with progress.stage(f"playbook {name}"):
        return ansible.run(
            opened, name, lambda event: show_event(progress, event), arguments=arguments
        )


@group.command()
@estate_option
def check(estate_name: str | None) -> int:
    """Check the syntax of every playbook against the estate."""
    opened = open_estate(estate_name)
    worst = Exit.WELL
    for file in sorted(shipped("playbooks").glob("*.yml")):
        done = subprocess.run(
            [str(program("ansible-playbook")), "--syntax-check", file.name],
            cwd=file.parent,
            env=ansible.environment(opened),
            capture_output=True,
            text=True,
            check=False,
        )
        click.echo(f"{'well' if done.returncode == 0 else 'WRONG':<6} {file.name}")
        if done.returncode:
            click.echo(done.stderr, err=True)
            worst = Exit.FINDINGS
    return worst


@group.command()
@click.argument("name")
@estate_option
@json_option
@click.option("--limit", help="Only these hosts or groups (Ansible's pattern).")
@click.option("--check", "dry", is_flag=True, help="Change nothing; show what would change.")
def run(name: str, estate_name: str | None, as_json: bool, limit: str | None, dry: bool) -> int:
    """Run playbook NAME on the estate, with progress and a recap a host."""
    opened = open_estate(estate_name)
    arguments = [*(["--limit", limit] if limit else []), *(["--check", "--diff"] if dry else [])]
    recap = play(opened, name, arguments)
    if as_json:
        print_json({"ok": recap.ok, "changed": recap.changed, "seconds": recap.seconds})
    else:
        for host, changed in sorted(recap.changed.items()):
            click.echo(f"{host:<20} {changed} changed")
        click.echo(f"log: {recap.log}")
    return Exit.WELL if recap.ok else Exit.FINDINGS
