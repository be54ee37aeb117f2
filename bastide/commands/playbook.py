"""`bastide playbook`: what we configure."""

import subprocess

import click

from bastide.actions import ansible
from bastide.support.errors import Exit
from bastide.support.estate import estate_context
from bastide.support.options import estate_option, json_option
from bastide.support.output import print_json
from bastide.support.shipped_files import program, shipped


@click.group("playbook")
def group() -> None:
    """What we configure: check the playbooks, run one (plain ansible-playbook works as well)."""


@group.command()
@estate_option
def check(estate_name: str | None) -> int:
    """Check the syntax of every playbook against the estate."""
    context = estate_context(estate_name)
    worst = Exit.WELL
    for file in sorted(shipped("playbooks").glob("*.yml")):
        done = subprocess.run(
            [str(program("ansible-playbook")), "--syntax-check", file.name],
            cwd=file.parent,
            env=ansible.environment(context),
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
    context = estate_context(estate_name)
    arguments = [*(["--limit", limit] if limit else []), *(["--check", "--diff"] if dry else [])]
    recap = ansible.play(context, name, arguments)
    if as_json:
        print_json({"ok": recap.ok, "changed": recap.changed, "seconds": recap.seconds})
    else:
        for host, changed in sorted(recap.changed.items()):
            click.echo(f"{host:<20} {changed} changed")
        click.echo(f"log: {recap.log}")
    return Exit.WELL if recap.ok else Exit.FINDINGS
