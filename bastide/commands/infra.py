"""`bastide infra`: what we provision."""

import click
from rich.console import Console

from bastide import provision
from bastide.chain.progress import Progress
from bastide.errors import Exit
from bastide.opened import open_estate
from bastide.options import Command, estate_option, json_option, print_json
from infra.engine import Operation, Outcome, StepEvent

QUIET = frozenset({"same", "read", "refresh"})


@click.group("infra")
def group() -> None:
    """What we provision: preview, up, refresh, destroy, outputs."""


def engine_option(command: Command) -> Command:
    """Add `--engine`."""
    return click.option(
        "--engine",
        type=click.Choice(["auto", "pulumi", "embedded"]),
        default="auto",
        show_default=True,
        help="auto takes the official Pulumi CLI when it is on PATH.",
    )(command)


def show_step(progress: Progress, event: StepEvent) -> None:
    """Print a step's end; name what is being done meanwhile."""
    if event.phase == "diagnostic":
        progress.step(event.name or "engine", event.message)
    elif event.phase in ("failed", "skipped"):
        progress.step(event.name, f"{event.operation} {event.phase}: {event.message}", good=False)
    elif event.operation in QUIET:
        return
    elif event.phase == "finished":
        progress.step(event.name, f"{event.operation}d  {event.seconds:.1f} s")
    else:
        progress.now(f"{event.operation} {event.name}")


def _run(operation: Operation, estate_name: str | None, engine: str, as_json: bool) -> int:
    opened = open_estate(estate_name)
    progress = Progress(Console(stderr=True, quiet=as_json, highlight=False))
    with progress.stage(f"{operation} {opened.estate.estate}"):
        outcome = provision.run(opened, operation, engine, lambda e: show_step(progress, e))
    if as_json:
        print_json({"ok": outcome.ok, "changes": dict(outcome.changes)})
    else:
        click.echo(told(outcome))
    return Exit.WELL if outcome.ok else Exit.FINDINGS


def told(outcome: Outcome) -> str:
    """Return an outcome's counts as one line."""
    counted = [f"{number} {name}" for name, number in sorted(outcome.changes.items()) if number]
    failed = f"; {len(outcome.failures)} failed" if outcome.failures else ""
    return (", ".join(counted) or "nothing to do") + failed


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
    """Provision: create, update or replace what differs from the estate."""
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
    opened = open_estate(estate_name)
    if not yes:
        click.confirm(f"Destroy everything of estate {opened.estate.estate}?", abort=True)
    return _run(Operation.DESTROY, estate_name, engine, as_json)


@group.command()
@estate_option
@json_option
def outputs(estate_name: str | None, as_json: bool) -> int:
    """Show what provisioning tells the rest: addresses and SSH host keys."""
    found = open_estate(estate_name).outputs
    if as_json:
        print_json(found.model_dump(mode="json"))
    else:
        for name, host in found.hosts.items():
            click.echo(f"{name:<20} {host.address:<16} {host.host_key}")
    return Exit.WELL
