"""`bastide inventory`: what we own."""

import click
from rich.console import Console
from rich.table import Table

from bastide.support.errors import Exit
from bastide.support.estate import estate_context
from bastide.support.options import estate_option, json_option
from bastide.support.output import print_json
from inventory.entries import devices, hosts, services
from inventory.problems import InventoryError
from inventory.schema import schema_text
from inventory.secrets import unresolved
from monitors.audit.model.controls import load_controls
from monitors.audit.model.waivers import waiver_problems
from monitors.snmp.intent import unknown_profiles
from monitors.snmp.profile import shipped_profiles


@click.group("inventory")
def group() -> None:
    """What we own: check it, show it, print its schema."""


@group.command()
@estate_option
@json_option
def check(estate_name: str | None, as_json: bool) -> int:
    """Read the estate and tell every problem at once, with file and line (exit 2 when any).

    Exit 1 when a waiver is of a control that does not exist, or a device names an SNMP profile
    that does not. Secrets that cannot be had here are noted: another machine may have them.
    """
    try:
        context = estate_context(estate_name)
    except InventoryError as error:
        if not as_json:
            raise
        print_json({"problems": [problem.as_json() for problem in error.problems]})
        return Exit.WRONG_USE
    counted = {
        "estate": context.estate.estate,
        "municipalities": len(context.estate.municipalities),
        "hosts": sum(1 for _ in hosts(context.estate)),
        "devices": sum(1 for _ in devices(context.estate)),
        "services": sum(1 for _ in services(context.estate)),
    }
    idle = (
        *waiver_problems(context.estate.waivers, load_controls()),
        *unknown_profiles(context.estate, shipped_profiles()),
    )
    notes = unresolved(context.estate, context.state)
    if as_json:
        print_json({"problems": [], "warnings": idle, "notes": notes, **counted})
    else:
        click.echo(
            f"{context.folder}: well: {counted['municipalities']} municipalities, "
            f"{counted['hosts']} hosts, {counted['devices']} devices, "
            f"{counted['services']} services"
        )
        for warning in idle:
            click.echo(f"  {warning}")
        if notes:
            click.echo(f"  note: {len(notes)} secrets cannot be had here, the first: {notes[0]}")
    return Exit.FINDINGS if idle else Exit.WELL


@group.command()
@estate_option
@json_option
def show(estate_name: str | None, as_json: bool) -> int:
    """Show every host, device and service with its tenant, address and parent."""
    estate = estate_context(estate_name).estate
    rows = [
        *(
            {
                "kind": "host",
                "name": p.name,
                "address": str(p.host.address),
                "what": ", ".join(p.host.roles),
                "parent": p.parent or "",
            }
            for p in hosts(estate)
        ),
        *(
            {
                "kind": "device",
                "name": d.name,
                "address": str(d.device.address),
                "what": d.device.kind.value,
                "parent": d.parent or "",
            }
            for d in devices(estate)
        ),
        *(
            {
                "kind": "service",
                "name": s.name,
                "address": s.service.url,
                "what": s.service.continuity.value,
                "parent": ", ".join(s.hosts),
            }
            for s in services(estate)
        ),
    ]
    if as_json:
        print_json(rows)
        return Exit.WELL
    table = Table("kind", "name", "address", "what", "reached through", title=estate.title)
    for row in rows:
        table.add_row(*row.values())
    Console().print(table)
    return Exit.WELL


@group.command()
def schema() -> int:
    """Print the JSON schema of an estate's files, for editors."""
    click.echo(schema_text(), nl=False)
    return Exit.WELL
