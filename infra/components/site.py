"""A site's network in the lab, and the interfaces of the hosts on it."""

from ipaddress import IPv4Address, IPv4Interface, IPv4Network

from infra.components.foundation import WAN, Ground
from infra.errors import failed
from infra.lab.networks import Interface, NetworkSpec
from inventory.entries import InventoryHost, Tenant
from inventory.enums import Role
from inventory.model.hosts import Host
from inventory.model.tenants import Site


def network_name(tenant: Tenant, site: Site) -> str:
    """Return a site network's name: `<tenant>-<site>`."""
    return f"{tenant.id}-{site.id}"


def network_spec(tenant: Tenant, site: Site) -> NetworkSpec:
    """Return the network of a site: the backbone is its gateway unless a host of the site is."""
    range_ = ipv4_network(site.network)
    edge = next((host for host in tenant.content.hosts if _is_gateway(host, site)), None)
    name = network_name(tenant, site)
    if edge is None:
        return NetworkSpec(name, range_, gateway=ipv4(site.gateway))
    return NetworkSpec(name, range_, via=ipv4(edge.uplink))


def interfaces(entry: InventoryHost, on: Ground) -> tuple[Interface, ...]:
    """Return a lab host's interfaces: an edge has the WAN first, then its LAN."""
    host, site = entry.host, entry.site
    own = ipv4(host.address)
    prefix = ipv4_network(site.network).prefixlen
    lan_gateway = None if own == ipv4(site.gateway) else ipv4(site.gateway)
    lan = _interface("lan0", network_name(entry.tenant, site), own, prefix)
    if host.uplink is None:
        return (Interface(lan.name, lan.network, lan.address, lan_gateway),)
    wan = on.wan_range
    outside = _interface("wan0", WAN, ipv4(host.uplink), wan.prefixlen)
    return (Interface(outside.name, outside.network, outside.address, wan[1]), lan)


def _interface(name: str, network: str, address: IPv4Address, prefix: int) -> Interface:
    return Interface(name, network, IPv4Interface(f"{address}/{prefix}"))


def _is_gateway(host: Host, site: Site) -> bool:
    return host.site == site.id and host.address == site.gateway and Role.EDGE in host.roles


def ipv4(address: object) -> IPv4Address:
    """Return an IPv4 address as such; InfraError for any other: the lab has IPv4 only."""
    if isinstance(address, IPv4Address):
        return address
    raise failed(
        f"address {address}",
        expected="an IPv4 address",
        found="none" if address is None else "another kind",
        advice="give the lab's hosts IPv4 addresses, and each edge an `uplink`",
    )


def ipv4_network(network: object) -> IPv4Network:
    """Return an IPv4 network as such; InfraError for any other: the lab has IPv4 only."""
    if isinstance(network, IPv4Network):
        return network
    raise failed(
        f"network {network}",
        expected="an IPv4 network",
        found="another kind",
        advice="give the lab's sites IPv4 networks",
    )
