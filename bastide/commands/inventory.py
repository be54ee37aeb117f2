"""`bastide inventory`: what we own."""

from collections.abc import Iterator
from datetime import UTC, datetime

import click

from bastide.actions import policies
from bastide.actions.own_files import checked, counted
from bastide.support.errors import Exit
from bastide.support.estate import estate_context
from bastide.support.options import estate_option, json_option
from bastide.support.output import print_json, print_table, row
from infra import credentials
from inventory.copies import lapsed
from inventory.entries import devices, hosts, services, tenants
from inventory.enums import System
from inventory.levels import level
from inventory.model.estate import Estate
from inventory.problems import InventoryError
from inventory.schema import schema_text
from inventory.secrets import unresolved
from monitors.audit.model.waivers import waiver_problems
from monitors.snmp.intent import unknown_profiles


@click.group("inventory")
def group() -> None:
    """What we own: check it, show it, print its schema."""


@group.command()
@estate_option
@json_option
def check(estate_name: str | None, as_json: bool) -> int:
    """Check the estate: every problem, with file and line (exit 2).

    What it brings of its own (roles, playbooks, controls, SNMP profiles, rules, runbooks) is held
    to what ours are held to; its checks are loaded and promtool runs its tests.

    Exit 1 when a waiver is of a control or policy that does not exist, or a device names an SNMP
    profile that does not, or a waiver of copies beside their source has ended. Secrets that cannot
    be had here are noted: another machine may have them.
    """
    try:
        context = estate_context(estate_name)
        own = checked(context.estate.own)
    except InventoryError as error:
        if not as_json:
            raise
        print_json({"problems": [problem.as_json() for problem in error.problems]})
        return Exit.WRONG_USE
    counts = {
        "estate": context.estate.estate,
        "municipalities": len(context.estate.municipalities),
        "hosts": sum(1 for _ in hosts(context.estate)),
        "devices": sum(1 for _ in devices(context.estate)),
        "services": sum(1 for _ in services(context.estate)),
    }
    warnings = (
        *waiver_problems(context.estate.waivers, own.controls),
        *policies.waiver_problems(context.estate),
        *unknown_profiles(context.estate, own.profiles),
        *lapsed(context.estate, datetime.now(UTC).date()),
    )
    notes = unresolved(context.estate, context.state)
    if as_json:
        print_json({"problems": [], "warnings": warnings, "notes": notes, **counts})
    else:
        click.echo(
            f"{context.folder}: well: {counts['municipalities']} municipalities, "
            f"{counts['hosts']} hosts, {counts['devices']} devices, "
            f"{counts['services']} services"
        )
        if brought := counted(context.estate.own):
            click.echo(f"  of its own: {brought}")
        for warning in warnings:
            click.echo(f"  {warning}")
        if notes:
            click.echo(f"  note: {len(notes)} secrets cannot be had here, the first: {notes[0]}")
    return Exit.FINDINGS if warnings else Exit.WELL


@group.command()
@estate_option
@json_option
def show(estate_name: str | None, as_json: bool) -> int:
    """Show hosts, devices, services, what each is behind, and contacts."""
    estate = estate_context(estate_name).estate
    rows = [*_hosts(estate), *_devices(estate), *_services(estate), *_contacts(estate)]
    if as_json:
        print_json(rows)
    else:
        headings = ("kind", "name", "address", "what", "reached through")
        print_table(headings, (row(*entry.values()) for entry in rows), title=estate.title)
    return Exit.WELL


def _hosts(estate: Estate) -> Iterator[dict[str, str]]:
    for entry in hosts(estate):
        host = entry.host
        system = (host.system,) if host.system is not System.LINUX else ()
        what = f"{', '.join((*host.roles, *system))} ({level(entry)})"
        yield _row("host", entry.name, str(host.address), what, ", ".join(entry.parents))


def _devices(estate: Estate) -> Iterator[dict[str, str]]:
    for entry in devices(estate):
        device, through = entry.device, ", ".join(entry.parents)
        yield _row("device", entry.name, str(device.address), device.kind.value, through)


def _services(estate: Estate) -> Iterator[dict[str, str]]:
    for entry in services(estate):
        service = entry.service
        hosts_of = ", ".join(entry.hosts)
        yield _row(
            "service", entry.name, service.url, f"class {service.continuity_class}", hosts_of
        )


def _contacts(estate: Estate) -> Iterator[dict[str, str]]:
    for tenant in tenants(estate):
        for contact in tenant.content.contacts:
            ways = ", ".join(filter(None, (contact.phone, contact.email)))
            what = f"{contact.duty} of {tenant.name}"
            yield _row("contact", contact.name, ways, what, "")


def _row(kind: str, name: str, address: str, what: str, parent: str) -> dict[str, str]:
    return {"kind": kind, "name": name, "address": address, "what": what, "parent": parent}


@group.command()
@click.option(
    "--operations",
    is_flag=True,
    help="Print that of the operations host, which reads the hosts at level audit every hour.",
)
@estate_option
@json_option
def key(operations: bool, estate_name: str | None, as_json: bool) -> int:
    """Print the public key that hosts are logged in to with.

    It is made if there is none. It belongs into ~/.ssh/authorized_keys of the account that
    `ssh: user` names, on every host; that of the operations host on those at level audit.
    """
    context = estate_context(estate_name)
    name = credentials.AUDIT if operations else credentials.ADMIN
    line = credentials.public_key(context.estate, context.state, name)
    if operations:
        line = f"restrict {line}"
    if as_json:
        print_json({"public_key": line})
    else:
        click.echo(line)
    return Exit.WELL


@group.command()
def schema() -> int:
    """Print the JSON schema of an estate's files, for editors."""
    click.echo(schema_text(), nl=False)
    return Exit.WELL
