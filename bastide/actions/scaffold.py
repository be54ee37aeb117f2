"""New parts of an estate from the templates: its own files, and the next municipality's."""

from ipaddress import ip_network
from pathlib import Path

import click
from jinja2 import Environment, PackageLoader, StrictUndefined

from inventory.entries import tenants
from inventory.model import Estate


def render(template: str, **values: object) -> str:
    """Return a template with the values filled in."""
    environment = Environment(
        loader=PackageLoader("bastide", "templates"),
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,  # noqa: S701 - YAML, not HTML; the loader checks what comes out
    )
    return environment.get_template(template).render(**values)


def write(file: Path, text: str) -> None:
    """Write a file that must not exist yet, and say so."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("x", encoding="utf-8") as output:
        output.write(text)
    click.echo(f"wrote {file}")


def next_network(estate: Estate) -> object:
    """Return the network after the highest one in use, of the same size."""
    used = [site.network for tenant in tenants(estate) for site in tenant.content.sites]
    highest = max(used, key=lambda n: int(n.broadcast_address))
    return ip_network((int(highest.broadcast_address) + 1, highest.prefixlen))


def next_uplink(estate: Estate) -> str:
    """Return the address after the highest uplink in use; nothing without a lab."""
    used = [
        host.uplink for tenant in tenants(estate) for host in tenant.content.hosts if host.uplink
    ]
    return str(max(used, key=int) + 1) if used and estate.lab else ""
