"""Bridges on the backbone, routes to the networks behind edges, and links of machines to them."""

import hashlib
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from typing import ClassVar

from pydantic import ConfigDict

from infra.driver.spec import SPEC, Name
from infra.lab.backbone import ensure_netns, find_link, remove_netns
from infra.lab.commands import ip, ip_json, netns_path
from infra.lab.layout import LINK_NAME_LENGTH, Lab, LinkName, link_name


@dataclass(frozen=True, slots=True)
class NetworkSpec:
    """A network on a bridge: the backbone is its gateway, or routes it through a WAN address."""

    __pydantic_config__: ClassVar[ConfigDict] = SPEC

    name: Name
    range: IPv4Network
    gateway: IPv4Address | None = None
    via: IPv4Address | None = None

    @property
    def bridge(self) -> str:
        """The bridge's name inside the backbone's namespace."""
        return link_name("br", self.name)


@dataclass(frozen=True, slots=True)
class Interface:
    """A network interface of a machine or device, on one network."""

    __pydantic_config__: ClassVar[ConfigDict] = SPEC

    name: LinkName
    network: Name
    address: IPv4Interface
    gateway: IPv4Address | None = None


def ensure(lab: Lab, spec: NetworkSpec) -> None:
    """Make the bridge and its address or route, or bring what is there to what it should be."""
    if find_link(spec.bridge, lab.namespace) is None:
        ip("link", "add", spec.bridge, "type", "bridge", "forward_delay", "0", netns=lab.namespace)
    ip("link", "set", spec.bridge, "up", netns=lab.namespace)
    if spec.gateway is not None:
        address = f"{spec.gateway}/{spec.range.prefixlen}"
        ip("address", "replace", address, "dev", spec.bridge, netns=lab.namespace)
    if spec.via is not None:
        ip("route", "replace", str(spec.range), "via", str(spec.via), netns=lab.namespace)


def exists(lab: Lab, name: str) -> bool:
    """Tell whether the network's bridge is there."""
    there = netns_path(lab.namespace).exists()
    return there and find_link(link_name("br", name), lab.namespace) is not None


def remove(lab: Lab, spec: NetworkSpec) -> None:
    """Remove the bridge and the route; no error when they are not there."""
    if not exists(lab, spec.name):
        return
    ip("link", "delete", spec.bridge, netns=lab.namespace)
    ip("route", "flush", "root", str(spec.range), netns=lab.namespace)


def plug_in(lab: Lab, unit: str, interfaces: tuple[Interface, ...], *, forward: bool) -> None:
    """Give a unit a fresh namespace with a link to each of its networks.

    Fresh at every start, as after a power cycle: firewall rules and addresses of before are gone.
    """
    unplug(lab, unit, interfaces)
    namespace = lab.unit_namespace(unit)
    ensure_netns(namespace, forward=forward)
    for interface in interfaces:
        port = port_name(unit, interface.name)
        peer = (interface.name, "address", hardware_address(unit, interface.name))
        ip(
            *("link", "add", port, "type", "veth", "peer", *peer, "netns", namespace),
            netns=lab.namespace,
        )
        ip("link", "set", port, "alias", f"{unit} {interface.name}", netns=lab.namespace)
        bridge = link_name("br", interface.network)
        ip("link", "set", port, "master", bridge, "up", netns=lab.namespace)


def configure(lab: Lab, unit: str, interfaces: tuple[Interface, ...]) -> None:
    """Set the addresses of a unit that has no init of its own to do it (a simulated device)."""
    namespace = lab.unit_namespace(unit)
    for interface in interfaces:
        ip("address", "replace", str(interface.address), "dev", interface.name, netns=namespace)
        ip("link", "set", interface.name, "up", netns=namespace)
        if interface.gateway is not None:
            ip("route", "replace", "default", "via", str(interface.gateway), netns=namespace)


def unplug(lab: Lab, unit: str, interfaces: tuple[Interface, ...]) -> None:
    """Remove a unit's links and namespace; no error when they are not there."""
    if netns_path(lab.namespace).exists():
        for interface in interfaces:
            port = port_name(unit, interface.name)
            if find_link(port, lab.namespace) is not None:
                ip("link", "delete", port, netns=lab.namespace)
    remove_netns(lab.unit_namespace(unit))


def plugged_in(lab: Lab, unit: str, interfaces: tuple[Interface, ...]) -> bool:
    """Tell whether every link of a unit is on its bridge's side."""
    if not netns_path(lab.namespace).exists():
        return False
    there = {row["ifname"] for row in ip_json("link", "show", netns=lab.namespace)}
    return {port_name(unit, interface.name) for interface in interfaces} <= there


def port_name(unit: str, interface: str) -> str:
    """Return the name of the bridge's end of a unit's link; its alias says whose it is."""
    digest = hashlib.sha256(f"{unit} {interface}".encode()).hexdigest()
    return f"p-{digest}"[:LINK_NAME_LENGTH]


def hardware_address(unit: str, interface: str) -> str:
    """Return the link's MAC address, locally administered (IEEE 802c): the same at every start.

    With a new one at each start, neighbours would look for the old one for half a minute.
    """
    digest = hashlib.sha256(f"mac {unit} {interface}".encode()).hexdigest()
    return ":".join(("02", *(digest[at : at + 2] for at in range(0, 10, 2))))
