"""`bastide audit history`: since when controls fail, and how long mending took."""

from datetime import datetime

import click

from bastide.actions import audit
from bastide.support.errors import CommandError, Exit
from bastide.support.estate import estate_context
from bastide.support.options import estate_option, json_option
from bastide.support.output import Row, print_json, print_table, row
from monitors.audit.history.catch_up import rebuild as rebuild_store
from monitors.audit.history.database import StoreError, store_url
from monitors.audit.history.model import ControlStatus, History
from monitors.audit.model.results import Outcome

SECONDS_A_DAY = 86400
LISTED = 20
HEADINGS = ("host", "control", "severity", "fails since", "last good", "last checked")


@click.command()
@estate_option
@json_option
@click.option("--rebuild", is_flag=True, help="Make the store anew from the audits' own files.")
def history(estate_name: str | None, as_json: bool, rebuild: bool) -> int:
    """Show since when controls fail, and what was mended lately."""
    context = estate_context(estate_name)
    url = store_url(context.state)
    try:
        if rebuild:
            done = rebuild_store(url, context.state, context.estate.estate)
            click.echo(f"{done.recorded} audits recorded anew", err=True)
            for problem in done.problems:
                click.echo(f"  {problem}", err=True)
        recorded = audit.history(context)
    except StoreError as error:
        raise CommandError(str(error), Exit.COULD_NOT_CHECK) from None
    if as_json:
        print_json(recorded.model_dump(mode="json"))
    else:
        _show(recorded)
    return Exit.WELL


def _show(recorded: History) -> None:
    failing = [s for s in recorded.statuses if s.outcome is Outcome.FAIL]
    failing.sort(key=lambda s: (s.first_failed is None, s.first_failed, s.host, s.control))
    if failing:
        print_table(HEADINGS, map(_row, failing))
    else:
        click.echo("No control fails.")
    newest = sorted(recorded.repairs, key=lambda r: r.mended, reverse=True)
    for r in newest[:LISTED]:
        days = r.seconds / SECONDS_A_DAY
        click.echo(f"  mended {_day(r.mended)}: {r.control} on {r.host}, after {days:.1f} days")
    if len(newest) > LISTED:
        click.echo(f"  and {len(newest) - LISTED} more; `--json` has all")


def _row(status: ControlStatus) -> Row:
    moments = (status.first_failed, status.last_good, status.last_checked)
    return row(status.host, status.control, status.severity, *map(_day, moments))


def _day(moment: datetime | None) -> str:
    return "never" if moment is None else f"{moment:%Y-%m-%d %H:%M}"
