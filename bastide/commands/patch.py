"""`bastide patch`: updates, wave by wave."""

from dataclasses import asdict
from datetime import UTC, datetime

import click

from bastide.actions import patching
from bastide.support.errors import Exit
from bastide.support.estate import estate_context, refuse_unacknowledged
from bastide.support.options import estate_option, host_option, json_option
from bastide.support.output import print_json, print_table

at_once_option = click.option(
    "--at-once",
    type=click.IntRange(1, 50),
    default=1,
    show_default=True,
    help="Hosts of one municipality that are updated at once.",
)


@click.group("patch")
def group() -> None:
    """Updates, wave by wave: show the order, install them."""


@group.command("plan")
@host_option("Only this host.", multiple=True)
@at_once_option
@estate_option
@json_option
def show_plan(hosts: tuple[str, ...], at_once: int, estate_name: str | None, as_json: bool) -> int:
    """Show in which order hosts are updated; asks no host.

    The canary municipality first, then villages, towns, cities, the central site. Hosts with the
    same step are updated at once; the next step begins when the monitors find them well.
    """
    estate = estate_context(estate_name).estate
    planned = patching.plan(estate, hosts, datetime.now(UTC), at_once=at_once)
    if as_json:
        print_json(planned.as_json())
        return Exit.WELL
    print_table(("step", "wave", "host", "may be restarted"), planned.rows())
    for name, level in planned.left_alone.items():
        click.echo(f"left alone: {name} ({level})")
    return Exit.WELL


@group.command()
@host_option("Only this host.", multiple=True)
@at_once_option
@click.option("--check", "dry", is_flag=True, help="Change nothing; show what would change.")
@estate_option
@json_option
def run(
    hosts: tuple[str, ...], at_once: int, dry: bool, estate_name: str | None, as_json: bool
) -> int:
    """Update hosts wave by wave (exit 1: stopped at one).

    All updates but those of held packages; a host is restarted only when that is due and its
    municipality's maintenance window is open. A host that is not as well as before ends the run,
    which names those that are left.
    """
    context = estate_context(estate_name)
    refuse_unacknowledged(context)
    planned = patching.plan(context.estate, hosts, datetime.now(UTC), at_once=at_once)
    result = patching.patch(context, planned, at_once=at_once, dry=dry)
    if as_json:
        print_json(
            {
                "ok": result.well,
                "run": result.recap.run,
                "hosts": [asdict(host) for host in result.hosts],
                "left": list(result.left),
                "failures": [asdict(failure) for failure in result.recap.failures],
            }
        )
    else:
        show(result, dry=dry)
    return Exit.WELL if result.well else Exit.FINDINGS


def show(result: patching.Patching, *, dry: bool) -> None:
    """Print a row per host, and those that are left."""
    packages = "would be updated" if dry else "updated"
    print_table(
        ("host", packages, "held", "restart", "problem"),
        (host.as_row(dry=dry) for host in result.hosts),
    )
    for name in result.left:
        click.echo(f"NOT UPDATED: {name}")
    click.echo(f"log: {result.recap.log}")
