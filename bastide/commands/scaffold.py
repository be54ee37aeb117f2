"""`bastide init` and `bastide municipality add`: the next town, laid out like the last one."""

from ipaddress import ip_network
from pathlib import Path

import click
from jinja2 import Environment, PackageLoader, StrictUndefined

from bastide.errors import CommandError, Exit
from bastide.opened import open_estate
from bastide.options import estate_option
from inventory.entries import tenants
from inventory.enums import Tier
from inventory.load import load_estate
from inventory.model import Estate
from inventory.problems import InventoryError

EXAMPLE_NETWORK = "10.10.0.0/24"


def _render(template: str, **values: object) -> str:
    environment = Environment(
        loader=PackageLoader("bastide", "templates"),
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,  # noqa: S701 - YAML, not HTML; the loader checks what comes out
    )
    return environment.get_template(template).render(**values)


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("x", encoding="utf-8") as opened:
        opened.write(text)
    click.echo(f"wrote {file}")


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
    _write(folder / "estate.yml", _render("estate.yml.j2", name=chosen, network=network))
    _write(folder / "central.yml", _render("central.yml.j2", name=chosen, network=network))
    (folder / "municipalities").mkdir(exist_ok=True)
    click.echo(
        "next: put your own addresses and host keys in central.yml, then\n"
        f"  bastide municipality add NAME --tier village --estate {folder}\n"
        f"  bastide inventory check --estate {folder}"
    )
    return Exit.WELL


@click.group()
def municipality() -> None:
    """The municipalities of an estate."""


@municipality.command()
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
    opened = open_estate(estate_name)
    place_id = "".join(c for c in name.lower() if c.isascii() and c.isalnum())
    file = opened.folder / "municipalities" / f"{place_id}.yml"
    if not place_id or file.exists():
        raise CommandError(
            f"{file}: {'exists already' if place_id else 'the name has no Latin letter'}; "
            "choose another name",
            Exit.WRONG_USE,
        )
    chosen = ip_network(network) if network else _next_network(opened.estate)
    values = {"id": place_id, "name": name, "tier": tier, "country": country, "network": chosen}
    _write(
        file,
        _render(
            "municipality.yml.j2",
            **values,
            domain=opened.estate.domain,
            lab=opened.estate.provider == "lab",
            wan=_next_uplink(opened.estate),
        ),
    )
    try:
        load_estate(opened.folder)
    except InventoryError as error:
        click.echo("to fill in before it can be used:", err=True)
        click.echo(str(error), err=True)
        return Exit.FINDINGS
    return Exit.WELL


def _next_network(estate: Estate) -> object:
    """Return the network after the highest one in use, of the same size."""
    used = [site.network for tenant in tenants(estate) for site in tenant.of.sites]
    highest = max(used, key=lambda n: int(n.broadcast_address))
    return ip_network((int(highest.broadcast_address) + 1, highest.prefixlen))


def _next_uplink(estate: Estate) -> str:
    """Return the address after the highest uplink in use; nothing without a lab."""
    used = [host.uplink for tenant in tenants(estate) for host in tenant.of.hosts if host.uplink]
    return str(max(used, key=int) + 1) if used and estate.lab else ""
