"""What is the host's own, and what it forwards for: addresses, networks."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

from monitors.inspection.model import Chain, Inspection, Interface

SOURCE = re.compile(r"(?:^|\s)(?:-s|ip saddr|ip6 saddr) ([0-9a-fA-F.:]+/\d+)")
ENGINE_INTERFACES = re.compile(r"^(br-|docker|virbr|podman|cni|lxc|lxd|vmbr)")
VPN_INTERFACES = re.compile(r"^(wg|tun|tap|ppp|tailscale|zt|ipsec|vti|xfrm)")
MOST_ADDRESSES = 20
HIDES = ("MASQUERADE", "SNAT", "masquerade", "snat ")


@dataclass(frozen=True, slots=True)
class Behind:
    """A network that reaches others through the host, and from what that is concluded."""

    network: str
    reason: str


def own_addresses(inspection: Inspection) -> tuple[IPv4Address | IPv6Address, ...]:
    """Return the host's addresses that others may reach: not of a link, nor of a container bridge.

    The first so many; what is no address is left out.
    """
    texts = (
        address.partition("/")[0]
        for interface in inspection.interfaces
        if not ENGINE_INTERFACES.match(interface.name)
        for address in interface.addresses
    )
    addresses = dict.fromkeys(address for text in texts if (address := _address(text)))
    return tuple(a for a in addresses if not (a.is_link_local or a.is_loopback))[:MOST_ADDRESSES]


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None


def networks_behind(inspection: Inspection) -> tuple[Behind, ...]:
    """Return the networks that the host forwards for, each once; nothing when it forwards none."""
    if not (inspection.system.forwards_ipv4 or inspection.system.forwards_ipv6):
        return ()
    found: dict[str, Behind] = {}
    for behind in _behind(inspection):
        found.setdefault(behind.network, behind)
    return tuple(found.values())


def routed_families(inspection: Inspection) -> tuple[str, ...]:
    """Return the versions of IP forwarded between networks of its own, not of engines and VPNs."""
    system = inspection.system
    plain = [
        {address.version for text in interface.addresses if (address := _usable(text))}
        for interface in inspection.interfaces
        if not (ENGINE_INTERFACES.match(interface.name) or VPN_INTERFACES.match(interface.name))
    ]
    on = (("IPv4", 4, system.forwards_ipv4), ("IPv6", 6, system.forwards_ipv6))
    known = networks_behind(inspection)
    return tuple(
        family
        for family, version, forwards in on
        if forwards and (not known or sum(version in versions for versions in plain) > 1)
    )


def _usable(text: str) -> IPv4Address | IPv6Address | None:
    address = _address(text.partition("/")[0])
    return None if address is None or address.is_link_local else address


def _behind(inspection: Inspection) -> Iterator[Behind]:
    for engine in inspection.container_networks:
        for subnet in engine.subnets:
            yield Behind(subnet, f"{engine.engine} network {engine.name}")
    for interface in inspection.interfaces:
        if ENGINE_INTERFACES.match(interface.name):
            yield from _on(interface)
    yield from vpn_networks(inspection)
    yield from _of_peers(inspection)
    for chain in inspection.firewall.chains:
        yield from _hidden(chain)


def vpn_networks(inspection: Inspection) -> tuple[Behind, ...]:
    """Return the networks from which the peers of a VPN come to the host."""
    tunnels = {tunnel.interface for tunnel in inspection.tunnels}
    return tuple(
        behind
        for interface in inspection.interfaces
        if interface.name in tunnels or VPN_INTERFACES.match(interface.name)
        for behind in _on(interface)
    )


def _on(interface: Interface) -> Iterator[Behind]:
    for address in interface.addresses:
        if not address.startswith("fe80:"):
            yield Behind(_network(address), f"interface {interface.name}")


def _of_peers(inspection: Inspection) -> Iterator[Behind]:
    """Yield what WireGuard's peers have behind them; not all the world, nor what is known."""
    own = [n for behind in vpn_networks(inspection) if (n := _parsed(behind.network))]
    for tunnel in inspection.tunnels:
        for text in (network for peer in tunnel.peers for network in peer.networks):
            first = _address(text.partition("/")[0])
            if first and not text.endswith("/0") and not any(first in network for network in own):
                yield Behind(_network(text), f"a peer of WireGuard {tunnel.interface}")


def _hidden(chain: Chain) -> Iterator[Behind]:
    for rule in chain.rules:
        source = SOURCE.search(rule)
        if source and any(word in rule for word in HIDES):
            yield Behind(_network(source[1]), f"{chain.table} {chain.name}: {rule}")


def _network(text: str) -> str:
    return str(_parsed(text) or text)


def _parsed(text: str) -> IPv4Network | IPv6Network | None:
    try:
        return ip_network(text, strict=False)
    except ValueError:
        return None
