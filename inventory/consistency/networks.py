"""Networks that overlap, and addresses that are taken twice or lie outside their network."""

from collections.abc import Iterable, Iterator, Sequence

from inventory.model.hosts import Host
from inventory.model.tenants import TenantFile
from inventory.parsed import ParsedEstate, ParsedTenant, machines, tenant_id
from inventory.problems import Problem
from inventory.scalars import Address, Network
from inventory.source import PathKey

# A network, its path, and the file that it stands in.
DeclaredNetwork = tuple[Network, PathKey, ParsedEstate | ParsedTenant]


def find_network_problems(
    estate: ParsedEstate, tenants: Sequence[ParsedTenant]
) -> Iterator[Problem]:
    """Yield what is wrong with networks, and with the addresses in them."""
    yield from _repeated_addresses(tenants)
    yield from _overlaps([*_lab_networks(estate), *_site_networks(tenants)])
    for tenant in tenants:
        yield from _gateways(tenant)
        yield from _machines(tenant)


def _repeated_addresses(tenants: Iterable[ParsedTenant]) -> Iterator[Problem]:
    taken: dict[Address, str] = {}
    for tenant in tenants:
        for path, address in _addresses(tenant.value):
            if address in taken:
                yield tenant.problem(
                    path,
                    f"{address} is also the address at {taken[address]}",
                    "an address of its own for each host and device",
                    "change one of the two",
                )
            taken.setdefault(address, tenant.where(path))


def _addresses(content: TenantFile) -> Iterator[tuple[PathKey, Address]]:
    for path, machine in machines(content):
        yield (*path, "address"), machine.address
        if isinstance(machine, Host):
            yield from _more_addresses(path, machine)
            if machine.uplink:
                yield (*path, "uplink"), machine.uplink


def _more_addresses(path: PathKey, host: Host) -> Iterator[tuple[PathKey, Address]]:
    for number, address in enumerate(host.more_addresses):
        yield (*path, "more_addresses", number), address


def _lab_networks(estate: ParsedEstate) -> Iterator[DeclaredNetwork]:
    if estate.value.lab is not None:
        yield estate.value.lab.wan, ("lab", "wan"), estate
        yield estate.value.lab.uplink, ("lab", "uplink"), estate


def _site_networks(tenants: Iterable[ParsedTenant]) -> Iterator[DeclaredNetwork]:
    for tenant in tenants:
        for number, site in enumerate(tenant.value.sites):
            yield site.network, ("sites", number, "network"), tenant
            for row, network in enumerate(site.more_networks):
                yield network, ("sites", number, "more_networks", row), tenant


def _overlaps(networks: Sequence[DeclaredNetwork]) -> Iterator[Problem]:
    """Compare each network, in the order of addresses, with the one before it that ends last."""
    before: int | None = None
    for current in sorted(range(len(networks)), key=lambda number: _order(networks[number][0])):
        if before is not None and networks[current][0].overlaps(networks[before][0]):
            earlier, later = sorted((current, before))
            yield _overlap(networks[earlier], networks[later])
        else:
            # Of two networks that overlap, the first in this order holds the other.
            before = current


def _order(network: Network) -> tuple[int, int, int]:
    return network.version, int(network.network_address), network.prefixlen


def _overlap(earlier: DeclaredNetwork, later: DeclaredNetwork) -> Problem:
    network, path, file = later
    other, where, owner = earlier
    return file.problem(
        path,
        f"{network} overlaps {other} at {owner.where(where)}",
        "a network of its own for each site",
        "change one of the two: routers cannot tell their hosts apart",
    )


def _gateways(tenant: ParsedTenant) -> Iterator[Problem]:
    for number, site in enumerate(tenant.value.sites):
        path = ("sites", number, "gateway")
        if site.gateway not in site.network:
            yield tenant.problem(
                path,
                f"{site.gateway} is not in {site.network}",
                "an address of the site's network",
                "correct the gateway or the network",
            )
        yield from _reserved(tenant, path, site.gateway, site.network)


def _machines(tenant: ParsedTenant) -> Iterator[Problem]:
    # Of sites with one id the first counts; that there are several is reported by itself.
    sites = {site.id: site for site in reversed(tenant.value.sites)}
    for path, machine in machines(tenant.value):
        site = sites.get(machine.site)
        if site is None:
            yield tenant.problem(
                (*path, "site"),
                f"there is no site {machine.site!r}",
                f"one of: {', '.join(reversed(sites))}",
                "correct it or add the site",
            )
            continue
        if not site.holds(machine.address):
            yield tenant.problem(
                (*path, "address"),
                f"{machine.address} is in no network of the site",
                f"an address of {' or '.join(map(str, site.networks))}",
                "correct the address or the site, or add its network to the site's more_networks",
            )
        for network in site.networks:
            if machine.address in network:
                yield from _reserved(tenant, (*path, "address"), machine.address, network)
        if isinstance(machine, Host):
            for where, address in _more_addresses(path, machine):
                yield from _in_some_network(tenant, where, address)


def _in_some_network(tenant: ParsedTenant, path: PathKey, address: Address) -> Iterator[Problem]:
    """Hold a further address to the sites' networks, unless none of that family is declared."""
    networks = [n for site in tenant.value.sites for n in site.networks]
    of_family = [network for network in networks if network.version == address.version]
    holding = [network for network in of_family if address in network]
    if of_family and not holding:
        yield tenant.problem(
            path,
            f"{address} is in no network of {tenant_id(tenant.value)}",
            f"an address of {', '.join(map(str, of_family))}",
            "correct the address, or add its network to more_networks of a site",
        )
    for network in holding[:1]:
        yield from _reserved(tenant, path, address, network)


def _reserved(
    tenant: ParsedTenant, path: PathKey, address: Address, network: Network
) -> Iterator[Problem]:
    """Refuse a network's first address (RFC 4291, 2.6.1 for IPv6) and IPv4's broadcast address.

    Networks of one or two addresses have neither (RFC 3021, RFC 6164).
    """
    if network.prefixlen >= network.max_prefixlen - 1:
        return
    reserved = {network.network_address: "the address of the network itself"}
    if network.version == 4:
        reserved[network.broadcast_address] = "the network's broadcast address"
    if address in reserved:
        yield tenant.problem(
            path,
            f"{address} is {reserved[address]}, {network}",
            f"an address from {network[1]} to {network[-2]}",
            "correct the address or the network",
        )
