"""`bastide silence`: when nobody is to be notified, why, and until when."""

from datetime import timedelta

import click

from bastide.actions import silencing
from bastide.actions.listed_silence import ListedSilence
from bastide.support.completion import complete_scopes
from bastide.support.errors import Exit
from bastide.support.estate import estate_context
from bastide.support.options import estate_option, json_option, parsed_by
from bastide.support.output import print_json, print_table, row
from inventory.paths import user_name
from monitors.maintenance.scopes import scope_of
from monitors.maintenance.silences import SilenceState
from monitors.text import escaped_line


class SilenceGroup(click.Group):
    """`silence SCOPE` is `silence add SCOPE`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Take what is no command for the scope, or an option, of `add`."""
        if args and args[0] not in (*self.commands, *ctx.help_option_names):
            args = ["add", *args]
        return super().parse_args(ctx, args)


@click.group("silence", cls=SilenceGroup)
def group() -> None:
    """Notify nobody of SCOPE for a while, with a reason; list, end.

    `bastide silence SCOPE --for 2h --why "new switch"` is short for `bastide silence add`. Work
    that is known before is announced in maintenance.yml instead.
    """


@group.command()
@click.argument("scope", shell_complete=complete_scopes)
@click.option(
    "--for",
    "length",
    required=True,
    callback=parsed_by(silencing.duration),
    metavar="TIME",
    help="From now on: 90m, 2h, 1d12h; at most 14 days.",
)
@click.option(
    "--why",
    required=True,
    callback=parsed_by(silencing.reason),
    metavar="TEXT",
    help="The reason, which others read.",
)
@click.option("--by", default=user_name, metavar="WHO", help="Who says so.  [default: you]")
@estate_option
@json_option
def add(
    scope: str, length: timedelta, why: str, by: str, estate_name: str | None, as_json: bool
) -> int:
    """Notify nobody of SCOPE for a while, with a reason.

    SCOPE is `estate`, `central`, a municipality's id, or the full name of a host, device or
    service. Alerts go on firing: what lasts longer than the silence is notified when it ends.
    """
    context = estate_context(estate_name)
    laid = silencing.silence(context, scope, length, why, by)
    if as_json:
        print_json([ListedSilence(s, s.state).as_json() for s in laid])
        return Exit.WELL
    for silence in laid:
        click.echo(f"{scope}: silent until {silencing.moment(silence.end)}: {why}")
        click.echo(f"  to end it before: bastide silence end {silence.id}")
    return Exit.WELL


@group.command("list")
@estate_option
@json_option
def list_silences(estate_name: str | None, as_json: bool) -> int:
    """List what is silent now, or will be within a week.

    By hand, by a window of maintenance.yml, or since somebody is on it (`bastide ack`).
    """
    entries = silencing.listed(estate_context(estate_name))
    if as_json:
        print_json([entry.as_json() for entry in entries])
        return Exit.WELL
    if not entries:
        click.echo("nothing is silent, and no window is announced for the next week")
        return Exit.WELL
    names = ("id", "kind", "state", "scope", "from", "until", "by", "why")
    print_table(
        names,
        (
            row(
                entry.silence.id,
                entry.silence.kind,
                entry.state,
                escaped_line(entry.scope),
                silencing.moment(entry.silence.start),
                silencing.moment(entry.silence.end),
                escaped_line(entry.silence.by),
                escaped_line(entry.silence.why),
            )
            for entry in entries
        ),
    )
    return Exit.WELL


@group.command()
@click.argument("silence_id", metavar="ID")
@estate_option
@json_option
def end(silence_id: str, estate_name: str | None, as_json: bool) -> int:
    """End the silence ID now; the beginning of an id is enough."""
    ended = silencing.end(estate_context(estate_name), silence_id)
    if as_json:
        print_json(ListedSilence(ended, SilenceState.EXPIRED).as_json())
    else:
        click.echo(f"{scope_of(ended.matchers)}: notifies again")
    return Exit.WELL
