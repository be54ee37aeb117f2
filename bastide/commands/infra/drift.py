"""`bastide infra drift` and `schedule`: what differs from what was provisioned."""

from pathlib import Path

import click

from bastide.actions import drift as drift_action
from bastide.actions.drift_schedule import write_units
from bastide.support.errors import Exit
from bastide.support.estate import estate_context
from bastide.support.options import engine_option, estate_option, json_option
from bastide.support.output import print_json


@click.command()
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


@click.command()
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
