"""What every host serves, and from where: its ways in, its exporters, its roles, its own."""

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_address, ip_network

from inventory.connections import jump_addresses, ssh
from inventory.entries import InventoryDevice, InventoryHost, devices, hosts, tenants
from inventory.enums import Access, ExporterName, Protocol, Role, System
from inventory.levels import is_full, is_managed
from inventory.model.estate import Estate
from inventory.model.hosts import Exporter, Listen
from inventory.operations_watch import ASKED_PORTS, asks_from, operations_watch
from inventory.roles import ROLES, SNMP
from inventory.scalars import Network

SSH = Listen(port=22, access=Access.MANAGEMENT, name="ssh")
NODE_EXPORTER = Exporter(name=ExporterName.NODE)
"""The exporter that every host gets which is managed."""
MORE_PROTOCOLS = "firewall_more_protocols"
"""The setting that has the numbers of IP protocols without ports that a host takes in."""
NOT_YET_OF_A_NETWORK: dict[tuple[Protocol, int], str] = {
    (Protocol.UDP, 67): "0.0.0.0/32",
    (Protocol.UDP, 546): "fe80::/10",
    (Protocol.UDP, 547): "fe80::/10",
}
"""Where those come from who ask for an address, or are given one (RFC 2131, RFC 8415)."""


@dataclass(frozen=True, slots=True)
class OpenPort:
    """A port that a host serves; sources are networks, none means anywhere."""

    port: int
    protocol: Protocol
    name: str
    sources: tuple[str, ...]

    def is_for(self, address: str | None) -> bool:
        """Whether it is served to an address; to one that is not known only if to anybody."""
        return not self.sources or (
            address is not None and any(ip_address(address) in ip_network(n) for n in self.sources)
        )


@dataclass(frozen=True, slots=True)
class Forward:
    """A port behind an edge that it lets others reach: the address inside, and the port there."""

    to: str
    port: OpenPort


def open_ports(entry: InventoryHost) -> tuple[OpenPort, ...]:
    """Return the ports of a host: of its ways in and exporters, its roles' and its own."""
    listens = (
        *(_exporter(exporter) for exporter in exporters(entry)),
        *(listen for role in entry.host.roles for listen in ROLES[role].listens),
        *entry.host.listens,
    )
    declared = (
        OpenPort(listen.port, listen.protocol, listen.name, _sources_of(listen, entry))
        for listen in listens
    )
    return tuple(dict.fromkeys((*_ssh(entry), *declared, *_watched(entry))))


def _sources_of(listen: Listen, entry: InventoryHost) -> tuple[str, ...]:
    networks = sources(listen.access, entry)
    without = NOT_YET_OF_A_NETWORK.get((listen.protocol, listen.port))
    return (*networks, without) if networks and without else networks


def _watched(entry: InventoryHost) -> Iterator[OpenPort]:
    """Yield what the vault asks that watches the operations host; it may stand anywhere."""
    watch = operations_watch(entry.tenant.estate)
    if watch is not None and Role.OPERATIONS in entry.host.roles:
        for port, name in ASKED_PORTS.items():
            yield OpenPort(port, Protocol.TCP, name, asks_from(watch))


def _ssh(entry: InventoryHost) -> Iterator[OpenPort]:
    """Yield the port that the host is logged in to at, and 22 where that leads there by NAT.

    Whoever jumps comes from the jump host.
    """
    if entry.host.system is System.WINDOWS:
        return
    way = ssh(entry)
    networks = sources(SSH.access, entry) + jump_addresses(entry)
    for port in dict.fromkeys((SSH.port, way.port or SSH.port)):
        yield OpenPort(port, SSH.protocol, SSH.name, tuple(dict.fromkeys(networks)))


def exporters(entry: InventoryHost) -> tuple[Exporter, ...]:
    """Return the exporters of a host: those declared, else ours where it is managed."""
    return (NODE_EXPORTER,) if exporter_is_ours(entry) else entry.host.exporters


def exporter_is_ours(entry: InventoryHost) -> bool:
    """Whether Bastide configures the exporter; below `full` one that is declared stays."""
    return is_full(entry) or (is_managed(entry) and not entry.host.exporters)


def _exporter(exporter: Exporter) -> Listen:
    return Listen(port=exporter.tcp_port, access=Access.CENTRAL, name=exporter.name.value)


def device_agent(edge: InventoryHost) -> OpenPort:
    """Return the SNMP port of the devices behind an edge, and from where it may be reached."""
    return OpenPort(SNMP.port, SNMP.protocol, SNMP.name, sources(SNMP.access, edge))


def forwards(edge: InventoryHost) -> tuple[Forward, ...]:
    """Return what an edge lets through to those behind it: hosts' ports, devices' SNMP."""
    if Role.EDGE not in edge.host.roles:
        return ()
    estate = edge.tenant.estate
    site = {*sources(Access.SITE, edge), *NOT_YET_OF_A_NETWORK.values()}
    ports = [
        Forward(str(address), port)
        for entry in hosts(estate)
        if _is_behind(edge, entry)
        for port in open_ports(entry)
        if not port.sources or set(port.sources) - site
        for address in entry.host.addresses
    ]
    agents = [
        Forward(str(entry.device.address), device_agent(edge))
        for entry in devices(estate)
        if _is_behind(edge, entry)
    ]
    return (*ports, *agents)


def _is_behind(edge: InventoryHost, entry: InventoryHost | InventoryDevice) -> bool:
    """Whether something stands in the edge's own site, or is declared to be reached through it."""
    at_site = entry.tenant.id == edge.tenant.id and entry.site.id == edge.site.id
    return entry.name != edge.name and (at_site or edge.name in entry.parents)


def sources(access: Access, entry: InventoryHost) -> tuple[str, ...]:
    """Return the networks that an access word stands for, seen from a host."""
    estate = entry.tenant.estate
    central = tuple(network for site in estate.central.sites for network in site.networks)
    networks: dict[Access, tuple[Network, ...]] = {
        # Audits and polls come from central, wherever the administrators sit.
        Access.MANAGEMENT: tuple(dict.fromkeys((*estate.management, *central))),
        Access.CENTRAL: central,
        Access.SITE: entry.site.networks,
        Access.ANYWHERE: (),
    }
    if access is Access.ESTATE:
        return estate_networks(estate)
    return tuple(str(network) for network in networks[access])


def estate_networks(estate: Estate) -> tuple[str, ...]:
    """Return every site's networks and every edge's uplink address."""
    sites = [
        str(network)
        for tenant in tenants(estate)
        for site in tenant.content.sites
        for network in site.networks
    ]
    uplinks = [str(entry.host.uplink) for entry in hosts(estate) if entry.host.uplink]
    return (*sites, *uplinks)
