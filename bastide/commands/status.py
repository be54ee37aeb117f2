"""`bastide status`: what is true now, from Prometheus' own API."""

import click

from bastide.actions import status as status_module
from bastide.support.errors import Exit
from bastide.support.estate import estate_context
from bastide.support.options import estate_option, json_option
from bastide.support.output import print_json


@click.command()
@estate_option
@json_option
def status(estate_name: str | None, as_json: bool) -> int:
    """Show from Prometheus' own API whether every target is up (exit 1 when one is not)."""
    found = status_module.read(estate_context(estate_name))
    if as_json:
        print_json(found.as_json())
        return Exit.WELL if found.well else Exit.FINDINGS
    up_targets = [target for target in found.targets if target.health == "up"]
    click.echo(f"{len(up_targets)} of {len(found.targets)} targets up   ({found.prometheus_url})")
    for problem in found.wrong:
        click.echo(f"  !! {problem}")
    for alert in found.alerts:
        where = (
            alert.labels.get("host") or alert.labels.get("device") or alert.labels.get("service")
        )
        runbook = alert.annotations.get("runbook_url", "")
        click.echo(f"  !! {alert.name}: {alert.labels.get('municipality')} {where or ''} {runbook}")
    if found.well:
        click.echo("all is well: nothing fires but the Watchdog")
    return Exit.WELL if found.well else Exit.FINDINGS
