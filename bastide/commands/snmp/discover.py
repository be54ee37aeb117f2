"""`bastide snmp discover`: what devices say of each other, held against the inventory."""

import click
from rich.console import Console

from bastide.support.errors import CommandError, Exit
from bastide.support.estate import estate_context
from bastide.support.options import estate_option, json_option
from bastide.support.output import print_json, print_table, row
from inventory.entries import devices
from monitors.snmp.discover.compare import Discovery
from monitors.snmp.discover.compare import discover as compared
from monitors.snmp.discover.inventory_yaml import yaml_to_paste
from monitors.snmp.discover.observed import PROFILES, observe
from monitors.snmp.discover.report_rows import HEADINGS, rows
from monitors.snmp.poller import poll_once
from monitors.snmp.targets import targets


@click.command()
@estate_option
@click.option("--yaml", "as_yaml", is_flag=True, help="Print inventory YAML to paste.")
@json_option
def discover(estate_name: str | None, as_yaml: bool, as_json: bool) -> int:
    """Compare LLDP neighbours with the inventory (exit 1: differ).

    Names and addresses are compared as well. Every device of the estate is polled; hosts that only
    run an SNMP agent are not. Nothing is written: paste what --yaml prints, after a look at it.
    """
    context = estate_context(estate_name)
    by_name = targets(context.estate)
    wanted = [by_name[entry.name] for entry in devices(context.estate)]
    if not wanted:
        raise CommandError("this estate has no devices", Exit.WRONG_USE)
    with Console(stderr=True).status(f"polling {len(wanted)} devices"):
        polled = poll_once(wanted, context.state, profiles=PROFILES)
    observed = {
        result.target.name: observe(
            result.device_families, [(o.profile, o.table) for o in result.results if not o.failure]
        )
        for result in polled
        if result.success
    }
    discovery = compared(context.estate, observed)
    if as_json:
        print_json(discovery.as_json())
    elif as_yaml:
        click.echo(yaml_to_paste(discovery), nl=False)
    else:
        _show(discovery)
    if not observed:
        click.echo("no device answered; `bastide snmp poll` says why", err=True)
        return Exit.COULD_NOT_CHECK
    return Exit.FINDINGS if discovery.differs else Exit.WELL


def _show(discovery: Discovery) -> None:
    print_table(HEADINGS, (row(*cells) for cells in rows(discovery)))
