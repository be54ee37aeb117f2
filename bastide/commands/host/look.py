"""`bastide host look`: how a host differs from its last accepted look and the inventory."""

from datetime import UTC, datetime

import click
from rich.console import Console

from bastide.actions.looking import LookResult, look_at
from bastide.support.completion import complete_hosts
from bastide.support.errors import Exit
from bastide.support.estate import estate_context
from bastide.support.options import estate_option, json_option
from bastide.support.output import print_json, print_table, row

HEADINGS = ("what", "held against", "difference")


@click.command()
@click.argument("host", shell_complete=complete_hosts)
@click.option("--accept", is_flag=True, help="Later looks are held against this one.")
@estate_option
@json_option
def look(host: str, accept: bool, estate_name: str | None, as_json: bool) -> int:
    """Read HOST again and compare (exit 1: differs).

    It is logged in to once and only read: listeners, logins, who becomes root, jobs, firewall,
    forwarding, addresses, shares. A difference stays until it is gone, declared, or accepted with
    --accept; the metric bastide_host_drift counts them.
    """
    context = estate_context(estate_name)
    with Console(stderr=True).status(f"reading {host}"):
        result = look_at(context, host, accept_it=accept)
    if as_json:
        print_json(
            {
                **result.newest.model_dump(mode="json"),
                "first": result.first,
                "unread": dict(result.look.inspection.unread),
            }
        )
    else:
        _show(result)
    return Exit.FINDINGS if result.newest.differences else Exit.WELL


def _show(result: LookResult) -> None:
    newest = result.newest
    since = datetime.fromtimestamp(newest.accepted, UTC).strftime("%Y-%m-%d %H:%M UTC")
    if result.first:
        click.echo(f"{newest.host}: the first look; later ones are held against it")
    if newest.differences:
        rows = (row(d.kind.value, d.since, d.text, bad=True) for d in newest.differences)
        print_table(HEADINGS, rows, title=f"{newest.host}, last accepted {since}")
    else:
        click.echo(f"{newest.host}: as it was on {since}, and as the inventory declares it")
    for subject, reason in result.look.inspection.unread:
        click.echo(f"not read: {subject}: {reason}", err=True)
