"""New parts of an estate from templates: its first files, and the next municipality's."""

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from bastide.support.errors import CommandError, Exit
from inventory.enums import ProviderName
from inventory.problems import InventoryError, Problem
from inventory.source import read_source

Network = IPv4Network | IPv6Network
# The templates number their hosts and devices up to .31.
SMALLEST_NETWORK = 32


@dataclass(frozen=True, slots=True)
class SiteNetwork:
    """A site's network, and the file that it stands in."""

    network: Network
    file: str


@dataclass(frozen=True, slots=True)
class EstateOutline:
    """What the next municipality is laid out from; the rest of the estate may be unfinished."""

    domain: str
    is_lab: bool
    networks: tuple[SiteNetwork, ...]
    uplinks: tuple[IPv4Address, ...]


def read_outline(folder: Path) -> EstateOutline:
    """Read an estate's domain, provider and networks; InventoryError says what stops it."""
    head = _read(folder / "estate.yml")
    files = (folder / "central.yml", *sorted(folder.glob("municipalities/*.yml")))
    tenants = {file.name: _read(file) for file in files if file.is_file()}
    return EstateOutline(
        domain=str(head.get("domain") or ""),
        is_lab=head.get("provider") == ProviderName.LAB.value,
        networks=tuple(
            SiteNetwork(network, name)
            for name, data in tenants.items()
            for key in ("network", "more_networks")
            for network in _parsed(ip_network, _values(data, "sites", key))
        ),
        uplinks=tuple(
            address
            for data in tenants.values()
            for address in _parsed(ip_address, _values(data, "hosts", "uplink"))
        ),
    )


def next_network(outline: EstateOutline) -> tuple[Network, str]:
    """Return the network after the highest one in use, of the same size, and why that one."""
    if not outline.networks:
        raise CommandError(
            "no site of the estate has a network; give one with --network", Exit.WRONG_USE
        )
    highest = max(outline.networks, key=lambda s: (s.network.version, _last_address(s.network)))
    try:
        network = ip_network((_last_address(highest.network) + 1, highest.network.prefixlen))
    except ValueError:
        raise CommandError(
            f"no network is free after {highest.network}; give one with --network", Exit.WRONG_USE
        ) from None
    return network, f"the next free one after {highest.network} in {highest.file}"


def chosen_network(outline: EstateOutline, text: str) -> Network:
    """Return the network that a person chose; CommandError when it cannot be used."""
    try:
        network = ip_network(text)
    except ValueError as error:
        raise CommandError(
            f"--network {text}: {error}\n    expected: a network such as 10.10.1.0/24",
            Exit.WRONG_USE,
        ) from None
    for site in outline.networks:
        if site.network.version == network.version and site.network.overlaps(network):
            raise CommandError(
                f"--network {text}: overlaps {site.network} in {site.file}; choose another",
                Exit.WRONG_USE,
            )
    return network


def check_size(network: Network) -> None:
    """Refuse a network that has no room for the template's hosts and devices."""
    if network.num_addresses < SMALLEST_NETWORK:
        raise CommandError(
            f"--network {network}: too small; expected at least {SMALLEST_NETWORK} addresses",
            Exit.WRONG_USE,
        )


def next_uplink(outline: EstateOutline) -> str:
    """Return the address after the highest uplink in use; nothing without a lab."""
    if not outline.uplinks or not outline.is_lab:
        return ""
    return str(max(outline.uplinks, key=int) + 1)


def render(template: str, **values: object) -> str:
    """Return a template with the values filled in."""
    environment = Environment(
        loader=PackageLoader("bastide", "templates"),
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,  # noqa: S701 - YAML, not HTML; names are quoted in the templates
    )
    return environment.get_template(template).render(**values)


def write_new(file: Path, text: str) -> None:
    """Write a file that must not exist yet."""
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        with file.open("x", encoding="utf-8") as output:
            output.write(text)
    except FileExistsError:
        raise CommandError(f"{file}: exists already; choose another name", Exit.WRONG_USE) from None


def _read(file: Path) -> dict[str, Any]:
    source = read_source(file)
    if isinstance(source, Problem):
        raise InventoryError((source,))
    return source.data if isinstance(source.data, dict) else {}


def _values(data: dict[str, Any], section: str, key: str) -> Iterator[str]:
    """Yield a key's values in a file's list of sites or hosts; what has another shape has none."""
    entries = data.get(section)
    for entry in entries if isinstance(entries, list) else ():
        value = entry.get(key) if isinstance(entry, dict) else None
        values = value if isinstance(value, list) else [value]
        yield from (text for text in values if isinstance(text, str))


def _parsed(parse: Any, texts: Iterator[str]) -> Iterator[Any]:
    """Yield what can be parsed; `bastide inventory check` reports the rest."""
    for text in texts:
        try:
            yield parse(text)
        except ValueError:
            continue


def _last_address(network: Network) -> int:
    return int(network.broadcast_address)
