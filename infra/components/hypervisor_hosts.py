"""What hosts on any hypervisor have in common: sizes by tier, interfaces, how they are reached."""

from collections.abc import Callable
from ipaddress import IPv4Interface, IPv4Network, IPv6Interface, IPv6Network
from typing import TypeVar

from infra.components.context import BuildContext
from infra.errors import failed
from infra.guests.guest import Interface
from inventory.connections import connection
from inventory.entries import InventoryHost
from inventory.enums import Role
from inventory.model.hosts import Host
from inventory.model.hypervisors import Attachment, Libvirt, OwnMachine, Proxmox, Wan
from inventory.model.tenants import Site
from inventory.scalars import Address
from inventory.tiers import MACHINE_SIZES, MachineSize

Settings = TypeVar("Settings", Libvirt, Proxmox)
LAN, WAN = "lan0", "wan0"
# Returns what a site's interfaces are attached to: a bridge with a VLAN, or a network's name.
Attach = Callable[[Site], tuple[Attachment | None, str | None]]


def size(entry: InventoryHost) -> MachineSize:
    """Return how large a host is: what it says, or its tier's."""
    usual, own = MACHINE_SIZES[entry.tenant.tier], machine(entry)
    return MachineSize(
        own.cpus or usual.cpus,
        entry.host.memory_mib or usual.memory_mib,
        own.disk_gib or usual.disk_gib,
    )


def machine(entry: InventoryHost) -> OwnMachine:
    """Return what a host says of its machine."""
    return entry.host.machine or OwnMachine()


def required(entry: InventoryHost, key: str, said: Settings | None) -> Settings:
    """Return what the estate says of where a host's machine is made; InfraError for nothing."""
    if said is None:
        raise failed(
            f"host {entry.name}",
            expected=f"{key}: of its municipality or estate",
            found="none",
            advice="say there where its machines are made (docs/providers.md)",
        )
    return said


def is_gateway(host: Host, site: Site) -> bool:
    """Return whether a host is the gateway of a site."""
    return host.site == site.id and host.address == site.gateway and Role.EDGE in host.roles


def interfaces(entry: InventoryHost, attach: Attach, wan: Wan | None) -> tuple[Interface, ...]:
    """Return a host's interfaces: an edge has the WAN first, then its LAN."""
    host, site = entry.host, entry.site
    to, network = attach(site)
    through = host.uplink is None and not is_gateway(host, site)
    lan = Interface(
        name=LAN,
        address=_in(host.address, site.network),
        gateway=site.gateway if through else None,
        bridge=to.bridge if to else None,
        network=network,
        vlan=to.vlan if to else None,
    )
    if host.uplink is None or wan is None:
        return (lan,)
    outside = _in(host.uplink, wan.network)
    return (Interface(WAN, outside, wan.gateway, bridge=wan.bridge, vlan=wan.vlan), lan)


def verified(entry: InventoryHost, context: BuildContext) -> bool:
    """Return whether a new machine is waited for: only where it is reached directly from here.

    One behind an edge answers when the edge has been configured.
    """
    way = connection(entry, context.state)
    return context.verify and way.jump is None and not entry.parents


def resolvers(entry: InventoryHost) -> tuple[str, ...]:
    """Return the DNS servers that a new machine asks until it is configured."""
    dns = entry.tenant.content.dns or entry.tenant.estate.dns
    return tuple(map(str, dns.forwarders)) if dns else ()


def _in(address: Address, network: IPv4Network | IPv6Network) -> IPv4Interface | IPv6Interface:
    text = f"{address}/{network.prefixlen}"
    return IPv4Interface(text) if address.version == 4 else IPv6Interface(text)
