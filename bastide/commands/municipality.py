"""`bastide municipality add`: the next town, laid out like the last one."""

import re
from pathlib import Path

import click

from bastide.actions.lab_preflight import refuse_unfit_machine
from bastide.actions.scaffold import (
    check_size,
    chosen_network,
    next_network,
    next_uplink,
    read_outline,
    render,
    write_new,
)
from bastide.support.errors import CommandError, Exit
from bastide.support.estate import estate_context, refuse_unacknowledged
from bastide.support.options import engine_option, estate_option
from inventory.enums import Tier
from inventory.load import find_estate
from inventory.model.tenants import CENTRAL
from inventory.model.waivers import ESTATE_SCOPE
from inventory.scalars import COUNTRY, MUNICIPALITY_ID

LONGEST_ID = 31
RESERVED = (CENTRAL, ESTATE_SCOPE)


@click.group("municipality")
def group() -> None:
    """The municipalities of an estate: add the next one."""


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
@click.option("--empty", is_flag=True, help="No hosts yet: `bastide host adopt` adds them.")
@click.option(
    "--up", "bring_up", is_flag=True, help="Bring it up at once, as `bastide up --municipality`."
)
@engine_option
@estate_option
def add(
    name: str,
    tier: str,
    country: str,
    network: str | None,
    empty: bool,
    bring_up: bool,
    engine: str,
    estate_name: str | None,
) -> int:
    """Lay out municipality NAME from its tier's template.

    The rest of the estate may be unfinished: only its domain, provider and networks are read.
    """
    if bring_up and empty:
        raise CommandError(
            "--up with --empty: there is no host to bring up\n    do: leave one of them out",
            Exit.WRONG_USE,
        )
    folder = find_estate(estate_name)
    outline = read_outline(folder)
    own_id = _id_of(name)
    if not re.fullmatch(COUNTRY, country):
        raise CommandError(
            f"--country {country}: expected two capital letters (ISO 3166-1), such as PS",
            Exit.WRONG_USE,
        )
    chosen, reason = (
        (chosen_network(outline, network), "as given") if network else next_network(outline)
    )
    check_size(chosen)
    file = folder / "municipalities" / f"{own_id}.yml"
    text = render(
        "municipality.yml.j2",
        id=own_id,
        name=name,
        tier=tier,
        country=country,
        network=chosen,
        domain=outline.domain,
        lab=outline.is_lab,
        uplink=next_uplink(outline),
        empty=empty,
    )
    write_new(file, text)
    click.echo(f"wrote {file}\nnetwork {chosen}: {reason}")
    if bring_up:
        return _bring_up(folder, own_id, engine)
    click.echo("next:")
    if empty:
        click.echo(f"  bastide host adopt ADDRESS --municipality {own_id} --estate {folder}")
    elif not outline.is_lab:
        click.echo(f"  put your servers' addresses and SSH host keys into {file}")
    click.echo(f"  bastide inventory check --estate {folder}")
    return Exit.WELL


def _bring_up(folder: Path, own_id: str, engine: str) -> Exit:
    context = estate_context(str(folder))
    refuse_unacknowledged(context)
    refuse_unfit_machine(context)
    # It takes seconds to import, and laying a municipality out needs none of it.
    from bastide.actions.up.run import run

    return run(context, engine=engine, as_json=False, municipality=own_id)


def _id_of(name: str) -> str:
    """Return the Latin letters and digits of a name; CommandError when they make no id."""
    own_id = "".join(c for c in name.lower() if c.isascii() and c.isalnum())[:LONGEST_ID]
    if not re.fullmatch(MUNICIPALITY_ID, own_id) or not name.isprintable() or own_id in RESERVED:
        raise CommandError(
            f"{name!r} cannot name a municipality\n    expected: at least two Latin letters or "
            f"digits, a letter first, and not {' or '.join(RESERVED)}",
            Exit.WRONG_USE,
        )
    return own_id
