"""`bastide snmp discover`: what devices say of each other, held against the inventory."""

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from bastide.support.errors import CommandError, Exit
from bastide.support.estate import estate_context
from bastide.support.options import estate_option, json_option
from bastide.support.output import print_json
from inventory.entries import devices
from monitors.snmp import polling
from monitors.snmp.discover.compare import Discovery
from monitors.snmp.discover.compare import discover as compared
from monitors.snmp.discover.inventory_yaml import yaml_to_paste
from monitors.snmp.discover.observed import PROFILES, seen
from monitors.snmp.discover.report_rows import HEADINGS, rows
from monitors.snmp.targets import targets


@click.command()
@estate_option
@click.option("--yaml", "as_yaml", is_flag=True, help="Print inventory YAML to paste.")
@json_option
def discover(estate_name: str | None, as_yaml: bool, as_json: bool) -> int:
    """Compare LLDP neighbours, names and addresses with the inventory (exit 1 when they differ).

    Every device of the estate is polled; hosts that only run an SNMP agent are not. Nothing is
    written: paste what --yaml prints, after a look at it.
    """
    context = estate_context(estate_name)
    known = targets(context.estate)
    wanted = [known[entry.name] for entry in devices(context.estate)]
    if not wanted:
        raise CommandError("this estate has no devices", Exit.WRONG_USE)
    with Console(stderr=True).status(f"asking {len(wanted)} devices"):
        polled = polling.poll(wanted, context.state, profiles=PROFILES)
    shown = {
        result.target.name: seen(
            result.found, [(o.profile, o.table) for o in result.outcomes if not o.failure]
        )
        for result in polled
        if result.success
    }
    found = compared(context.estate, shown)
    if as_json:
        print_json(found.as_json())
    elif as_yaml:
        click.echo(yaml_to_paste(found), nl=False)
    else:
        _show(found)
    if not shown:
        return Exit.COULD_NOT_CHECK
    return Exit.FINDINGS if found.differs else Exit.WELL


def _show(found: Discovery) -> None:
    table = Table(*HEADINGS)
    for row in rows(found):
        table.add_row(*map(escape, row))
    Console().print(table)
