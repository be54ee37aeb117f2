"""`bastide infra`: what we provision."""

from pathlib import Path

import click
from rich.console import Console

from bastide.actions import drift as drift_action
from bastide.actions import policies, provision, stacks
from bastide.actions.drift_schedule import write_units
from bastide.actions.provision import Limits
from bastide.support.errors import CommandError, Exit
from bastide.support.estate import estate_context
from bastide.support.options import Command, engine_option, estate_option, json_option
from bastide.support.output import print_json, print_table, row
from bastide.support.progress import Progress
from infra.engine import EngineError, EngineResult, Operation
from infra.policies.model import Finding
from infra.policies.table import POLICIES
from inventory.enums import StackLayout


@click.group("infra")
def group() -> None:
    """What we provision: preview, up, refresh, drift, destroy, policies."""


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


@group.command()
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


@group.command()
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


@group.command()
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


@group.command()
@estate_option
@json_option
@engine_option
@click.option("--send", is_flag=True, help="Give the operations host what was found, for alerts.")
def drift(estate_name: str | None, as_json: bool, engine: str, send: bool) -> int:
    """Look what differs from what was provisioned.

    Nothing is written, neither outside nor into the state. Exit 1 when something differs, 3 when
    something could not be looked at. `refresh` takes what differs into the state, `up` brings it
    back to what is declared.
    """
    context = estate_context(estate_name)
    found = drift_action.look(context, engine)
    if as_json:
        print_json(found.model_dump(mode="json"))
    else:
        for one in found.drifted:
            click.echo(f"{one.name}: {drift_action.describe(one)}")
        for unread in found.unread:
            click.echo(f"{unread.name}: not looked at: {unread.reason}", err=True)
        click.echo(f"{len(found.drifted)} of {found.looked_at} resources differ")
    if send:
        drift_action.send(context)
    return drift_action.exit_of(found)


@group.command()
@estate_option
@click.option(
    "--calendar", default="daily", show_default=True, help="When, in the words of systemd.time(7)."
)
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("/etc/systemd/system"),
    show_default=True,
    help="Where the units are written.",
)
def schedule(estate_name: str | None, calendar: str, folder: Path) -> int:
    """Write a systemd timer that looks for drift and sends it.

    For the machine that has the state: the one where `bastide up` is run.
    """
    timer = write_units(estate_context(estate_name), calendar, folder)
    click.echo(f"{timer}: written; start it: systemctl enable --now {timer.name}")
    return Exit.WELL


@group.command()
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


@group.command("split")
@estate_option
def split_state(estate_name: str | None) -> int:
    """Give each municipality a state of its own; nothing is remade.

    Where estate.yml says `stacks: municipality`. `up` does it as well. The former state is kept
    among Pulumi's backups.
    """
    context = estate_context(estate_name)
    try:
        moved = stacks.split_if_asked(context, provision.project(context), click.echo)
    except EngineError as error:
        raise CommandError(str(error), Exit.COULD_NOT_CHECK) from None
    if not moved:
        click.echo(
            "nothing to split: "
            + (
                "each municipality has its own"
                if context.estate.stacks is StackLayout.MUNICIPALITY
                else "estate.yml does not say stacks: municipality"
            )
        )
    return Exit.WELL


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


@group.command("policies")
@json_option
def list_policies(as_json: bool) -> int:
    """List the policies that are held before anything is changed."""
    rows = [(policy.id, policy.strength.value, policy.title) for policy in POLICIES]
    headings = ("id", "strength", "title")
    if as_json:
        print_json([dict(zip(headings, cells, strict=True)) for cells in rows])
    else:
        print_table(headings, (row(*cells) for cells in rows))
    return Exit.WELL
