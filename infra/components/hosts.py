"""Hosts and devices by provider: each function declares one and returns what the rest is told."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface
from pathlib import Path
from typing import Any

import pulumi
from pulumi import ResourceOptions

from infra.components.foundation import Foundation
from infra.components.resources import Provided, declare
from infra.components.site import interfaces, ipv4, ipv4_network, network_name
from infra.errors import InfraError, failed
from infra.lab.device import Cable, DeviceSpec
from infra.lab.first_boot import MachineSpec
from infra.provider.existing import ExistingSpec
from inventory.entries import InventoryDevice, InventoryHost, devices, hosts
from inventory.enums import DeviceKind, ProviderName, Role
from inventory.model import Contact, Estate
from inventory.secrets import secret_path


@dataclass(frozen=True, slots=True)
class Means:
    """What hosts are made with: `foundation` and `package_cache` (a URL) where there is a lab."""

    state: Path
    authorized_keys: tuple[str, ...]
    foundation: Foundation | None
    package_cache: str | None
    verify: bool


@dataclass(frozen=True, slots=True)
class Ground:
    """Where something is declared: under which component, on which lab network if any."""

    parent: pulumi.Resource
    network: Provided | None


Declared = Mapping[str, Any]


def lab_host(entry: InventoryHost, ground: Ground, means: Means) -> Declared:
    """Declare a lab machine."""
    foundation, network = _lab(entry.name, ground, means)
    spec = MachineSpec(
        name=entry.name,
        interfaces=interfaces(entry, foundation),
        authorized_keys=means.authorized_keys,
        forward=Role.EDGE in entry.host.roles,
        package_cache=means.package_cache,
    )
    opts = ResourceOptions(
        parent=ground.parent, depends_on=[foundation.image, foundation.wan, network]
    )
    made = declare("bastide:lab:Machine", entry.name, foundation.estate, spec, opts)
    return _host_output(made.output("address"), made.output("hostKey"), entry.provider)


def existing_host(entry: InventoryHost, ground: Ground, means: Means) -> Declared:
    """Declare a host that is there already; InfraError when its host key is not declared."""
    key = entry.host.host_key
    if key is None:
        raise failed(
            f"host {entry.name}",
            expected="host_key: the SSH host key that it has",
            found="none",
            advice="read it at the host's console from /etc/ssh/ssh_host_ed25519_key.pub",
        )
    spec = ExistingSpec(entry.name, entry.host.address, key, means.verify)
    opts = ResourceOptions(parent=ground.parent)
    declare("bastide:existing:Machine", entry.name, entry.tenant.estate.estate, spec, opts)
    return _host_output(str(entry.host.address), key, entry.provider)


def lab_device(entry: InventoryDevice, ground: Ground, means: Means) -> Declared:
    """Declare a simulated device."""
    foundation, network = _lab(entry.name, ground, means)
    device, site, access = entry.device, entry.site, entry.snmp
    spec = DeviceSpec(
        name=entry.name,
        kind=device.kind.value,
        network=network_name(entry.tenant, site),
        address=IPv4Interface(f"{device.address}/{ipv4_network(site.network).prefixlen}"),
        gateway=ipv4(site.gateway),
        ports=device.ports,
        user=access.user,
        auth_key_file=_secret_file(access.auth, means.state),
        priv_key_file=_secret_file(access.priv, means.state),
        auth_protocol=access.auth_protocol,
        priv_protocol=access.priv_protocol,
        location=f"{site.name}, {entry.tenant.name}",
        contact=_contact(entry.tenant.content.contacts[0]),
        notify=_operations(entry.tenant.estate),
        cables=cables(entry),
    )
    opts = ResourceOptions(parent=ground.parent, depends_on=[network])
    declare("bastide:lab:Device", entry.name, foundation.estate, spec, opts)
    return _device_output(entry)


def cables(entry: InventoryDevice) -> tuple[Cable, ...]:
    """Return what the lab plugs into a device's ports: just what the inventory wants there."""
    estate = entry.tenant.estate
    addresses = {h.name: str(h.host.address) for h in hosts(estate)}
    addresses |= {d.name: str(d.device.address) for d in devices(estate)}
    forwarding = {h.name for h in hosts(estate) if Role.EDGE in h.host.roles}
    forwarding |= {d.name for d in devices(estate) if d.device.kind is DeviceKind.SWITCH}
    return tuple(
        Cable(
            port=intent.port,
            vlan=intent.vlan or 1,
            neighbour=intent.neighbour or "",
            address=addresses.get(intent.neighbour or "", ""),
            forwards=intent.neighbour in forwarding,
        )
        for intent in entry.device.intent
    )


def existing_device(entry: InventoryDevice, _ground: Ground, _means: Means) -> Declared:
    """Return an existing device: there is nothing to declare."""
    return _device_output(entry)


HOSTS: Mapping[ProviderName, Callable[[InventoryHost, Ground, Means], Declared]] = {
    ProviderName.LAB: lab_host,
    ProviderName.EXISTING: existing_host,
}
DEVICES: Mapping[ProviderName, Callable[[InventoryDevice, Ground, Means], Declared]] = {
    ProviderName.LAB: lab_device,
    ProviderName.EXISTING: existing_device,
}


def unsupported(name: str, provider: ProviderName) -> InfraError:
    """Return the error for a provider that is named but that nothing is made by."""
    return failed(
        name,
        expected=f"a provider out of {', '.join(HOSTS)}",
        found=provider.value,
        advice="this version of Bastide makes nothing there",
    )


def _lab(name: str, ground: Ground, means: Means) -> tuple[Foundation, Provided]:
    if means.foundation is None or ground.network is None:
        raise failed(name, expected="a lab", found="none", advice="add `lab:` to estate.yml")
    return means.foundation, ground.network


def _host_output(address: object, key: object, provider: ProviderName) -> Declared:
    return {"address": address, "host_key": key, "provider": provider.value}


def _device_output(entry: InventoryDevice) -> Declared:
    return {"address": str(entry.device.address), "provider": entry.provider.value}


def _secret_file(reference: str, state: Path) -> str:
    path = secret_path(reference, state)
    if path is None:
        raise failed(
            reference,
            expected="generated:NAME or file:/PATH",
            found=reference.partition(":")[0],
            advice="simulated devices read their secrets from files",
        )
    return str(path)


def _operations(estate: Estate) -> IPv4Address | None:
    """The host that listens for traps, if the estate has one."""
    found = (p.host.address for p in hosts(estate) if Role.OPERATIONS in p.host.roles)
    address = next(found, None)
    return None if address is None else ipv4(address)


def _contact(contact: Contact) -> str:
    return contact.email or contact.name
