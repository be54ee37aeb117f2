"""`bastide lab`: the lab's machines, for rehearsals."""

import click

from bastide.support.errors import CommandError, Exit
from bastide.support.estate import estate_context
from bastide.support.options import estate_option, json_option
from bastide.support.output import print_json
from infra.errors import InfraError
from infra.lab import machine
from infra.lab.layout import Lab, lab_of


@click.group("lab")
def group() -> None:
    """The lab's machines, for rehearsals: list them, stop one, start it again."""


def _lab(estate_name: str | None) -> Lab:
    context = estate_context(estate_name)
    return lab_of(context.estate.estate, context.state)


@group.command("list")
@estate_option
@json_option
def list_machines(estate_name: str | None, as_json: bool) -> int:
    """List the lab's machines and whether each runs."""
    lab = _lab(estate_name)
    found = {name: machine.running(lab, name) for name in machine.names(lab)}
    if as_json:
        print_json(found)
    else:
        for name, runs in found.items():
            click.echo(f"{name:<20} {'runs' if runs else 'is down'}")
    return Exit.WELL if found and all(found.values()) else Exit.FINDINGS


@group.command()
@click.argument("name")
@click.option("--power-cut", is_flag=True, help="End it at once instead of shutting it down.")
@estate_option
def stop(name: str, power_cut: bool, estate_name: str | None) -> int:
    """Shut machine NAME down, and keep its disk."""
    try:
        machine.stop(_lab(estate_name), name, graceful=not power_cut)
    except InfraError as error:
        raise CommandError(str(error), Exit.WRONG_USE) from None
    return Exit.WELL


@group.command()
@click.argument("name")
@estate_option
def start(name: str, estate_name: str | None) -> int:
    """Boot machine NAME, and wait until it answers SSH."""
    try:
        machine.start(_lab(estate_name), name)
    except InfraError as error:
        raise CommandError(str(error), Exit.WRONG_USE) from None
    return Exit.WELL
