"""`bastide ack`: who is on an alert."""

from datetime import timedelta

import click

from bastide.actions import silencing
from bastide.actions.listed_silence import ListedSilence
from bastide.support.errors import Exit
from bastide.support.estate import estate_context
from bastide.support.options import estate_option, json_option, parsed_by
from bastide.support.output import print_json


@click.command()
@click.argument("alert", metavar="ALERT|FINGERPRINT")
@click.option("--by", required=True, metavar="WHO", help="Who is on it.")
@click.option(
    "--for",
    "length",
    default="4h",
    show_default=True,
    callback=parsed_by(silencing.duration),
    metavar="TIME",
    help="After that it notifies again: 90m, 2h, 1d12h; at most 14 days.",
)
@estate_option
@json_option
def ack(alert: str, by: str, length: timedelta, estate_name: str | None, as_json: bool) -> int:
    """Say who is on ALERT, and until when.

    ALERT is the name or the fingerprint of one that fires. It is not notified again in that time,
    and `bastide status` shows who has it. Of a name, only those that fire now. What a service
    misses meanwhile is counted: it is no maintenance. It ends with the alert: when that fires
    again, people are told.
    """
    laid = silencing.acknowledge(estate_context(estate_name), alert, length, by)
    if as_json:
        print_json([ListedSilence(s, s.state).as_json() for s in laid])
        return Exit.WELL
    for silence in laid:
        click.echo(f"{silence.why}: {by} is on it until {silencing.moment(silence.end)}")
    return Exit.WELL
