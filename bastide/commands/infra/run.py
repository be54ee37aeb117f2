"""`bastide infra preview`, `up`, `refresh` and `destroy`: the engine's operations."""

import functools
from collections.abc import Callable
from dataclasses import dataclass

import click
from rich.console import Console

from bastide.actions import policies, provision
from bastide.actions.provision import Limits
from bastide.support.errors import Exit
from bastide.support.estate import estate_context
from bastide.support.options import engine_option, estate_option, json_option
from bastide.support.output import print_json
from bastide.support.progress import Progress
from infra.engine import EngineResult, Operation
from infra.policies.model import Finding

LIMITS = (
    click.option(
        "--municipality",
        metavar="ID",
        help="Only its stack, or central's, where each has its own (stacks: municipality).",
    ),
    click.option(
        "--target",
        "targets",
        multiple=True,
        metavar="NAME|URN",
        help="Only this resource, by name or URN (* and ** as in Pulumi); may be repeated.",
    ),
)
CONTINUE = click.option(
    "--continue-on-error",
    is_flag=True,
    help="Delete what is not wanted any more beside a failure as well (the official CLI does).",
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What all these commands are told."""

    estate_name: str | None
    engine: str
    as_json: bool
    limits: Limits


def _operation(command: Callable[..., int]) -> Callable[..., int]:
    """Add the options that all have; the command gets them as one value."""

    @functools.wraps(command)
    def with_options(
        *,
        estate_name: str | None,
        engine: str,
        as_json: bool,
        municipality: str | None,
        targets: tuple[str, ...],
        continue_on_error: bool = False,
        **others: bool,
    ) -> int:
        limits = Limits(municipality, targets, continue_on_error)
        return command(Asked(estate_name, engine, as_json, limits), **others)

    for option in (*reversed(LIMITS), engine_option, json_option, estate_option):
        with_options = option(with_options)
    return with_options


def _run(operation: Operation, asked: Asked) -> int:
    context = estate_context(asked.estate_name)
    progress = Progress(Console(stderr=True, quiet=asked.as_json, highlight=False))
    findings: list[Finding] = []
    try:
        with progress.stage(f"{operation} {context.estate.estate}"):
            result = provision.run(
                context,
                operation,
                asked.engine,
                lambda event: provision.show_step(progress, event),
                findings.extend,
                asked.limits,
            )
    except policies.PolicyError:
        if not asked.as_json:
            policies.show(progress, findings)
            raise
        result = EngineResult({}, {}, (), ok=False)
    well = result.ok and not any(finding.stops for finding in findings)
    if asked.as_json:
        told = [policies.as_json(finding) for finding in findings]
        print_json({"ok": well, "changes": dict(result.changes), "policies": told})
        return Exit.WELL if well else Exit.FINDINGS
    policies.show(progress, findings)
    click.echo(provision.describe(result))
    if operation is Operation.PREVIEW:
        policies.refuse(tuple(findings))
    return Exit.WELL if well else Exit.FINDINGS


@click.command()
@_operation
def preview(asked: Asked) -> int:
    """Show what `up` would do; nothing is changed.

    Exit 1 when a mandatory policy does not hold: `up` would refuse.
    """
    return _run(Operation.PREVIEW, asked)


@click.command()
@_operation
@CONTINUE
def up(asked: Asked) -> int:
    """Provision: create, update or replace what differs.

    Policies come first (`bastide infra policies`): nothing is changed while a mandatory one does
    not hold and no waiver in force accepts that (exit 1).
    """
    return _run(Operation.UP, asked)


@click.command()
@_operation
def refresh(asked: Asked) -> int:
    """Read what really exists into the state."""
    return _run(Operation.REFRESH, asked)


@click.command()
@_operation
@CONTINUE
@click.option("--yes", is_flag=True, help="Do not ask.")
def destroy(asked: Asked, yes: bool) -> int:
    """Take away everything that was provisioned; asks first."""
    context = estate_context(asked.estate_name)
    if not yes:
        what = ", ".join(asked.limits.targets) or "everything"
        municipality = asked.limits.municipality
        whose = f"{municipality} in estate" if municipality else "estate"
        click.confirm(f"Destroy {what} of {whose} {context.estate.estate}?", abort=True)
    return _run(Operation.DESTROY, asked)
