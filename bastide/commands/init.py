"""`bastide init`: a new estate."""

import re
from ipaddress import ip_network
from pathlib import Path

import click

from bastide.actions.scaffold import render, write_new
from bastide.support.errors import CommandError, Exit
from inventory.scalars import MUNICIPALITY_ID

EXAMPLE_NETWORK = "10.10.0.0/24"


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--name", help="The estate's short name.  [default: the folder's]")
def init(folder: Path, name: str | None) -> int:
    """Lay out a new estate in FOLDER.

    It gets estate.yml, central.yml and an empty municipalities/.
    """
    chosen = name if name is not None else _name_of(folder)
    if not re.fullmatch(MUNICIPALITY_ID, chosen):
        raise CommandError(
            f"{chosen!r} cannot name an estate; expected 2 to 31 lower-case letters and digits, a "
            "letter first: give one with --name",
            Exit.WRONG_USE,
        )
    network = ip_network(EXAMPLE_NETWORK)
    for part in ("estate.yml", "central.yml"):
        write_new(folder / part, render(f"{part}.j2", name=chosen, network=network))
        click.echo(f"wrote {folder / part}")
    (folder / "municipalities").mkdir(exist_ok=True)
    click.echo(
        "next:\n"
        f"  1. put your own addresses and SSH host keys into {folder / 'central.yml'}\n"
        f"  2. bastide municipality add NAME --tier village --estate {folder}\n"
        f"  3. bastide inventory check --estate {folder}"
    )
    return Exit.WELL


def _name_of(folder: Path) -> str:
    return "".join(c for c in folder.resolve().name.lower() if c.isascii() and c.isalnum())
