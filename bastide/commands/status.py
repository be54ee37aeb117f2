"""`bastide status`: what is true now, from Prometheus' own API."""

from collections.abc import Iterable, Iterator

import click

from bastide.actions.status import read
from bastide.support.errors import Exit
from bastide.support.estate import estate_context
from bastide.support.options import estate_option, json_option
from bastide.support.output import print_json
from inventory.enums import Level
from inventory.levels import ORDER, coverage


@click.command()
@estate_option
@json_option
def status(estate_name: str | None, as_json: bool) -> int:
    """Show what Prometheus finds wrong now (exit 1 when anything).

    Asked of its own API and Alertmanager's: targets that are not up, and alerts that fire.
    """
    context = estate_context(estate_name)
    current = read(context)
    if as_json:
        print_json(current.as_json())
        return Exit.WELL if current.well else Exit.FINDINGS
    up = sum(target.health == "up" for target in current.targets)
    click.echo(f"{up} of {len(current.targets)} targets up   ({current.prometheus_url})")
    click.echo(coverage(context.estate))
    for level, names in by_level(current.levels):
        click.echo(f"  {level:<8} {', '.join(names)}")
    for problem in current.wrong:
        click.echo(f"  !! {problem}")
    for alert in current.alerts:
        where = (
            alert.labels.get("host") or alert.labels.get("device") or alert.labels.get("service")
        )
        runbook = alert.annotations.get("runbook_url", "")
        click.echo(f"  !! {alert.name}: {alert.labels.get('municipality')} {where or ''} {runbook}")
    if current.well:
        click.echo("all is well: nothing fires but the Watchdog")
    return Exit.WELL if current.well else Exit.FINDINGS


def by_level(levels: Iterable[tuple[str, Level]]) -> Iterator[tuple[Level, list[str]]]:
    """Yield each level that a host is at, the highest first, with the hosts' names."""
    pairs = tuple(levels)
    for wanted in reversed(ORDER):
        if names := [name for name, level in pairs if level is wanted]:
            yield wanted, names
