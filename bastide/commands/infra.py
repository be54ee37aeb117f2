"""`bastide infra`: what we provision."""

import click
from rich.console import Console

from bastide.actions import provision
from bastide.support.errors import Exit
from bastide.support.estate import estate_context
from bastide.support.options import engine_option, estate_option, json_option
from bastide.support.output import print_json
from bastide.support.progress import Progress
from infra.engine import Operation


@click.group("infra")
def group() -> None:
    """What we provision: preview, up, refresh, destroy, outputs."""


def _run(operation: Operation, estate_name: str | None, engine: str, as_json: bool) -> int:
    context = estate_context(estate_name)
    progress = Progress(Console(stderr=True, quiet=as_json, highlight=False))
    with progress.stage(f"{operation} {context.estate.estate}"):
        result = provision.run(
            context, operation, engine, lambda e: provision.show_step(progress, e)
        )
    if as_json:
        print_json({"ok": result.ok, "changes": dict(result.changes)})
    else:
        click.echo(provision.describe(result))
    return Exit.WELL if result.ok else Exit.FINDINGS


@group.command()
@estate_option
@json_option
@engine_option
def preview(estate_name: str | None, as_json: bool, engine: str) -> int:
    """Show what `up` would do; nothing is changed."""
    return _run(Operation.PREVIEW, estate_name, engine, as_json)


@group.command()
@estate_option
@json_option
@engine_option
def up(estate_name: str | None, as_json: bool, engine: str) -> int:
    """Provision: create, update or replace what differs."""
    return _run(Operation.UP, estate_name, engine, as_json)


@group.command()
@estate_option
@json_option
@engine_option
def refresh(estate_name: str | None, as_json: bool, engine: str) -> int:
    """Read what really exists into the state."""
    return _run(Operation.REFRESH, estate_name, engine, as_json)


@group.command()
@estate_option
@json_option
@engine_option
@click.option("--yes", is_flag=True, help="Do not ask.")
def destroy(estate_name: str | None, as_json: bool, engine: str, yes: bool) -> int:
    """Take away everything that was provisioned; asks first."""
    context = estate_context(estate_name)
    if not yes:
        click.confirm(f"Destroy everything of estate {context.estate.estate}?", abort=True)
    return _run(Operation.DESTROY, estate_name, engine, as_json)


@group.command()
@estate_option
@json_option
def outputs(estate_name: str | None, as_json: bool) -> int:
    """Show what was provisioned: addresses and SSH host keys."""
    recorded = estate_context(estate_name).outputs
    if as_json:
        print_json(recorded.model_dump(mode="json"))
    else:
        for name, host in recorded.hosts.items():
            click.echo(f"{name:<20} {host.address:<16} {host.host_key}")
    return Exit.WELL
