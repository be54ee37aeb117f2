"""`bastide init`: a new estate."""

from ipaddress import ip_network
from pathlib import Path

import click

from bastide.actions.scaffold import render, write
from bastide.support.errors import CommandError, Exit

EXAMPLE_NETWORK = "10.10.0.0/24"


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--name", help="The estate's short name.  [default: the folder's]")
def init(folder: Path, name: str | None) -> int:
    """Lay out a new estate in FOLDER: estate.yml, central.yml and an empty municipalities/."""
    if (folder / "estate.yml").exists():
        raise CommandError(
            f"{folder / 'estate.yml'} exists already; choose another", Exit.WRONG_USE
        )
    chosen = name or "".join(c for c in folder.resolve().name.lower() if c.isalnum())
    network = ip_network(EXAMPLE_NETWORK)
    write(folder / "estate.yml", render("estate.yml.j2", name=chosen, network=network))
    write(folder / "central.yml", render("central.yml.j2", name=chosen, network=network))
    (folder / "municipalities").mkdir(exist_ok=True)
    click.echo(
        "next: put your own addresses and host keys in central.yml, then\n"
        f"  bastide municipality add NAME --tier village --estate {folder}\n"
        f"  bastide inventory check --estate {folder}"
    )
    return Exit.WELL
