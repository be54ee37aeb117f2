"""`bastide infra preview`, `up`, `refresh` and `destroy`: the engine's operations."""

import click
from rich.console import Console

from bastide.actions import policies, provision
from bastide.actions.provision import Limits
from bastide.support.errors import Exit
from bastide.support.estate import estate_context
from bastide.support.options import Command, engine_option, estate_option, json_option
from bastide.support.output import print_json
from bastide.support.progress import Progress
from infra.engine import EngineResult, Operation
from infra.policies.model import Finding


def _limited(command: Command) -> Command:
    """Add what an operation may be limited to."""
    for option in (
        click.option(
            "--target",
            "targets",
            multiple=True,
            metavar="NAME|URN",
            help="Only this resource, by name or URN (* and ** as in Pulumi); may be repeated.",
        ),
        click.option(
            "--municipality",
            metavar="ID",
            help="Only its stack, or central's, where each has its own (stacks: municipality).",
        ),
    ):
        command = option(command)
    return command


_continue_option = click.option(
    "--continue-on-error",
    is_flag=True,
    help="Delete what is not wanted any more beside a failure as well (the official CLI does).",
)


def _run(
    operation: Operation, estate_name: str | None, engine: str, as_json: bool, limits: Limits
) -> int:
    context = estate_context(estate_name)
    progress = Progress(Console(stderr=True, quiet=as_json, highlight=False))
    findings: list[Finding] = []
    try:
        with progress.stage(f"{operation} {context.estate.estate}"):
            result = provision.run(
                context,
                operation,
                engine,
                lambda event: provision.show_step(progress, event),
                findings.extend,
                limits,
            )
    except policies.PolicyError:
        if not as_json:
            policies.show(progress, findings)
            raise
        result = EngineResult({}, {}, (), ok=False)
    well = result.ok and not any(finding.stops for finding in findings)
    if as_json:
        told = [policies.as_json(finding) for finding in findings]
        print_json({"ok": well, "changes": dict(result.changes), "policies": told})
        return Exit.WELL if well else Exit.FINDINGS
    policies.show(progress, findings)
    click.echo(provision.describe(result))
    if operation is Operation.PREVIEW:
        policies.refuse(tuple(findings))
    return Exit.WELL if well else Exit.FINDINGS


@click.command()
@estate_option
@json_option
@engine_option
@_limited
def preview(
    estate_name: str | None,
    as_json: bool,
    engine: str,
    municipality: str | None,
    targets: tuple[str, ...],
) -> int:
    """Show what `up` would do; nothing is changed.

    Exit 1 when a mandatory policy does not hold: `up` would refuse.
    """
    limits = Limits(municipality, targets)
    return _run(Operation.PREVIEW, estate_name, engine, as_json, limits)


@click.command()
@estate_option
@json_option
@engine_option
@_limited
@_continue_option
def up(
    estate_name: str | None,
    as_json: bool,
    engine: str,
    municipality: str | None,
    targets: tuple[str, ...],
    continue_on_error: bool,
) -> int:
    """Provision: create, update or replace what differs.

    Policies come first (`bastide infra policies`): nothing is changed while a mandatory one does
    not hold and no waiver in force accepts that (exit 1).
    """
    limits = Limits(municipality, targets, continue_on_error)
    return _run(Operation.UP, estate_name, engine, as_json, limits)


@click.command()
@estate_option
@json_option
@engine_option
@_limited
def refresh(
    estate_name: str | None,
    as_json: bool,
    engine: str,
    municipality: str | None,
    targets: tuple[str, ...],
) -> int:
    """Read what really exists into the state."""
    limits = Limits(municipality, targets)
    return _run(Operation.REFRESH, estate_name, engine, as_json, limits)


@click.command()
@estate_option
@json_option
@engine_option
@_limited
@_continue_option
@click.option("--yes", is_flag=True, help="Do not ask.")
def destroy(
    estate_name: str | None,
    as_json: bool,
    engine: str,
    municipality: str | None,
    targets: tuple[str, ...],
    continue_on_error: bool,
    yes: bool,
) -> int:
    """Take away everything that was provisioned; asks first."""
    context = estate_context(estate_name)
    if not yes:
        what = ", ".join(targets) or "everything"
        whose = f"{municipality} in estate" if municipality else "estate"
        click.confirm(f"Destroy {what} of {whose} {context.estate.estate}?", abort=True)
    limits = Limits(municipality, targets, continue_on_error)
    return _run(Operation.DESTROY, estate_name, engine, as_json, limits)
