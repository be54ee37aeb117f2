"""`bastide lab`: the lab's machines, for rehearsals."""

import click

from bastide.support.completion import complete_hosts
from bastide.support.errors import CommandError, Exit
from bastide.support.estate import estate_context
from bastide.support.options import estate_option, json_option
from bastide.support.output import print_json
from infra.errors import InfraError
from infra.lab import machine
from infra.lab.layout import Lab, lab_of
from inventory.entries import hosts
from inventory.enums import ProviderName


@click.group("lab")
def group() -> None:
    """The lab's machines, for rehearsals: list, stop, start them."""


def _lab(estate_name: str | None) -> Lab:
    """Return the lab of an estate; CommandError when it has none."""
    context = estate_context(estate_name)
    providers = {entry.provider for entry in hosts(context.estate)}
    if ProviderName.LAB not in providers:
        raise CommandError(
            f"estate {context.estate.estate} has no lab machines: its hosts come from provider "
            f"{', '.join(sorted(providers))}",
            Exit.WRONG_USE,
        )
    return lab_of(context.estate.estate, context.state)


@group.command("list")
@estate_option
@json_option
def list_machines(estate_name: str | None, as_json: bool) -> int:
    """List the lab's machines and whether each runs (exit 1 when not)."""
    lab = _lab(estate_name)
    running = {name: machine.running(lab, name) for name in machine.names(lab)}
    if as_json:
        print_json(running)
    else:
        for name, runs in running.items():
            click.echo(f"{name:<20} {'runs' if runs else 'is down'}")
    if not running:
        click.echo("no machine has been made yet: `bastide up` makes them", err=True)
    return Exit.WELL if running and all(running.values()) else Exit.FINDINGS


@group.command()
@click.argument("name", shell_complete=complete_hosts)
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
@click.argument("name", shell_complete=complete_hosts)
@estate_option
def start(name: str, estate_name: str | None) -> int:
    """Boot machine NAME, and wait until it answers SSH."""
    try:
        machine.start(_lab(estate_name), name)
    except InfraError as error:
        raise CommandError(str(error), Exit.WRONG_USE) from None
    return Exit.WELL
