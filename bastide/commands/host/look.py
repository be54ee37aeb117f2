"""`bastide host look`: how hosts differ from their last accepted looks and the inventory."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import click
from rich.console import Console

from bastide.actions.looking import FailedLook, LookResult, choose, look_at
from bastide.support.completion import complete_hosts
from bastide.support.errors import CommandError, Exit
from bastide.support.estate import estate_context
from bastide.support.options import estate_option, json_option, key_option
from bastide.support.output import print_json, print_table, row

HEADINGS = ("what", "held against", "difference")


@click.command()
@click.argument("names", nargs=-1, metavar="[HOST…]", shell_complete=complete_hosts)
@click.option("--all", "every", is_flag=True, help="All hosts that are read and not changed.")
@click.option("--accept", is_flag=True, help="Later looks are held against this one.")
@key_option
@estate_option
@json_option
def look(
    names: tuple[str, ...],
    every: bool,
    accept: bool,
    key: Path | None,
    estate_name: str | None,
    as_json: bool,
) -> int:
    """Read hosts again and compare (exit 1: one differs).

    Each is logged in to once and only read: listeners, logins, who becomes root, jobs, firewall,
    forwarding, addresses, shares. A difference stays until it is gone, declared, or accepted with
    --accept; the metric bastide_host_drift counts them. --all are those at level audit: what is
    changed by Bastide, at baseline and above, is audited instead. A host that cannot be read stops
    no other (exit 3).
    """
    if bool(names) == every:
        raise click.UsageError("expected a HOST or several, or --all")
    context = estate_context(estate_name)
    chosen = choose(context, names)
    with Console(stderr=True).status(f"reading {', '.join(names) or f'{len(chosen)} hosts'}"):
        results = look_at(context, chosen, accept_it=accept, key=key)
    failed = [result for result in results if isinstance(result, FailedLook)]
    if len(names) == 1 and failed:
        raise CommandError(failed[0].problem, Exit.COULD_NOT_CHECK)
    if as_json:
        values = [_json_values(result) for result in results]
        print_json(values[0] if len(names) == 1 else values)
    else:
        _show(results)
    if failed:
        return Exit.COULD_NOT_CHECK
    return Exit.FINDINGS if any(map(_differs, results)) else Exit.WELL


def _differs(result: LookResult | FailedLook) -> bool:
    return isinstance(result, LookResult) and bool(result.newest.differences)


def _json_values(result: LookResult | FailedLook) -> dict[str, object]:
    if isinstance(result, FailedLook):
        return {"host": result.host, "problem": result.problem}
    return {
        **result.newest.model_dump(mode="json"),
        "first": result.first,
        "unread": dict(result.look.inspection.unread),
    }


def _show(results: Sequence[LookResult | FailedLook]) -> None:
    if not results:
        click.echo("no host is looked at: none is at level audit")
    for result in results:
        if isinstance(result, FailedLook):
            click.echo(f"not looked at: {result.problem}", err=True)
        else:
            _show_look(result)


def _show_look(result: LookResult) -> None:
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
        click.echo(f"{newest.host}: not read: {subject}: {reason}", err=True)
