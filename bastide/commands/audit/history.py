"""`bastide audit history`: since when controls fail, and how long mending took."""

from datetime import datetime

import click
from rich.console import Console
from rich.table import Table

from bastide.actions import audit
from bastide.support.errors import CommandError, Exit
from bastide.support.estate import estate_context
from bastide.support.options import estate_option, json_option
from bastide.support.output import print_json
from monitors.audit.history.catch_up import rebuild as rebuild_store
from monitors.audit.history.database import StoreError, store_url
from monitors.audit.history.model import History
from monitors.audit.model.results import Outcome

SECONDS_A_DAY = 86400
SHOWN = 20


@click.command()
@estate_option
@json_option
@click.option("--rebuild", is_flag=True, help="Make the store anew from the audits' own files.")
def history(estate_name: str | None, as_json: bool, rebuild: bool) -> int:
    """Show since when each control fails, and what was mended lately."""
    context = estate_context(estate_name)
    url = store_url(context.state)
    try:
        if rebuild:
            done = rebuild_store(url, context.state, context.estate.estate)
            click.echo(f"{done.recorded} audits recorded anew", err=True)
            for problem in done.problems:
                click.echo(f"  {problem}", err=True)
        known = audit.history_of(context)
    except StoreError as error:
        raise CommandError(str(error), Exit.COULD_NOT_CHECK) from None
    if as_json:
        print_json(known.model_dump(mode="json"))
    else:
        _show(known)
    return Exit.WELL


def _show(known: History) -> None:
    failing = [s for s in known.standings if s.outcome is Outcome.FAIL]
    failing.sort(key=lambda s: (s.first_failed is None, s.first_failed, s.host, s.control))
    table = Table("host", "control", "severity", "fails since", "last good", "last checked")
    for s in failing:
        moments = (_day(s.first_failed), _day(s.last_good), _day(s.last_checked))
        table.add_row(s.host, s.control, s.severity, *moments)
    Console().print(table if failing else "No control fails.")
    newest = sorted(known.repairs, key=lambda r: r.mended, reverse=True)
    for r in newest[:SHOWN]:
        days = r.seconds / SECONDS_A_DAY
        click.echo(f"  mended {_day(r.mended)}: {r.control} on {r.host}, after {days:.1f} days")
    if len(newest) > SHOWN:
        click.echo(f"  and {len(newest) - SHOWN} more; `--json` has all")


def _day(moment: datetime | None) -> str:
    return "never" if moment is None else f"{moment:%Y-%m-%d %H:%M}"
