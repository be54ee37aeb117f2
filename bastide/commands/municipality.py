"""`bastide municipality add`: the next town, laid out like the last one."""

from ipaddress import ip_network

import click

from bastide.actions.scaffold import next_network, next_uplink, render, write
from bastide.support.errors import CommandError, Exit
from bastide.support.estate import estate_context
from bastide.support.options import estate_option
from inventory.enums import Tier
from inventory.load import load_estate
from inventory.problems import InventoryError


@click.group("municipality")
def group() -> None:
    """The municipalities of an estate."""


@group.command()
@click.argument("name")
@click.option(
    "--tier",
    type=click.Choice([tier.value for tier in Tier]),
    required=True,
    help="How large it is; picks hosts, devices and defaults.",
)
@click.option("--country", default="XX", show_default=True, help="ISO 3166-1 alpha-2 code.")
@click.option("--network", help="The site's network.  [default: the next free one]")
@estate_option
def add(name: str, tier: str, country: str, network: str | None, estate_name: str | None) -> int:
    """Lay out municipality NAME from its tier's template, with the next free network."""
    context = estate_context(estate_name)
    place_id = "".join(c for c in name.lower() if c.isascii() and c.isalnum())
    file = context.folder / "municipalities" / f"{place_id}.yml"
    if not place_id or file.exists():
        raise CommandError(
            f"{file}: {'exists already' if place_id else 'the name has no Latin letter'}; "
            "choose another name",
            Exit.WRONG_USE,
        )
    chosen = ip_network(network) if network else next_network(context.estate)
    values = {"id": place_id, "name": name, "tier": tier, "country": country, "network": chosen}
    write(
        file,
        render(
            "municipality.yml.j2",
            **values,
            domain=context.estate.domain,
            lab=context.estate.provider == "lab",
            wan=next_uplink(context.estate),
        ),
    )
    try:
        load_estate(context.folder)
    except InventoryError as error:
        click.echo("to fill in before it can be used:", err=True)
        click.echo(str(error), err=True)
        return Exit.FINDINGS
    return Exit.WELL
