"""`bastide status`: what is wrong now, from Prometheus' and Alertmanager's own APIs."""

import time

import click
from rich.console import Console

from bastide.actions import status_output
from bastide.actions.on_call import turns
from bastide.actions.status import Status, narrowed, read
from bastide.support.errors import CommandError, Exit
from bastide.support.estate import EstateContext, estate_context, tenant_of
from bastide.support.options import estate_option, json_option
from bastide.support.output import output_console, print_json
from inventory.levels import coverage

PAUSE_SECONDS = 10.0


@click.command()
@click.option("--municipality", help="Only what concerns this municipality, or central.")
@click.option("--watch", is_flag=True, help="Show it anew every ten seconds, until interrupted.")
@estate_option
@json_option
def status(municipality: str | None, watch: bool, estate_name: str | None, as_json: bool) -> int:
    """Show what is wrong now, the worst first (exit 1 when anything).

    An incident is one cause: what it cuts off and what else is told of that stands under it, with
    the services that it concerns, whom to call and the runbook. Then what is silenced, and what
    Prometheus finds wrong without an alert. Of silenced alerts alone the exit status is 0.

    The goals of services come last: what they answered in 30 days, and what they may still miss.
    """
    context = estate_context(estate_name)
    if municipality is not None:
        tenant_of(context, municipality)
    code = _show(context, municipality, as_json=as_json, watching=watch)
    try:
        while watch:
            time.sleep(PAUSE_SECONDS)
            code = _show(context, municipality, as_json=as_json, watching=watch)
    except KeyboardInterrupt:
        pass
    return code


def _show(
    context: EstateContext, municipality: str | None, *, as_json: bool, watching: bool
) -> Exit:
    """Print the status once; while watching, what cannot be read now may be a moment later."""
    console = output_console()
    try:
        current = read(context)
    except CommandError as error:
        if not watching:
            raise
        console.clear()
        click.echo(str(error))
        return error.code
    if municipality is not None:
        current = narrowed(current, context.estate, municipality)
    if as_json:
        on_call = [turn.as_json() for turn in turns(context.estate)]
        print_json({**current.as_json(), "on_call": on_call})
    else:
        if watching:
            console.clear()
        _print(current, context, console, whole=municipality is None)
    return Exit.WELL if current.well else Exit.FINDINGS


def _print(current: Status, context: EstateContext, console: Console, *, whole: bool) -> None:
    status_output.show(current, context.estate, console)
    up = sum(target.health == "up" for target in current.targets)
    click.echo(f"{up} of {len(current.targets)} targets up   ({current.prometheus_url})")
    if whole:
        click.echo(coverage(context.estate))
        for turn in turns(context.estate):
            click.echo(turn.line())
    status_output.show_levels(current, console)
    status_output.show_goals(current, console)
    if current.incidents and current.well:
        click.echo("all is well but for what is silenced")
    elif current.well:
        click.echo("all is well: nothing fires but the Watchdog")
