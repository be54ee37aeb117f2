"""Machines and simulated devices of the lab."""

from ipaddress import IPv4Address, IPv4Interface
from pathlib import Path

from pulumi import ResourceOptions

from infra.components.context import (
    BuildContext,
    Placement,
    StackOutput,
    device_output,
    host_output,
)
from infra.components.foundation import Ground
from infra.components.resources import Provided, declare
from infra.components.site import interfaces, ipv4, ipv4_network, network_name
from infra.errors import failed
from infra.lab.device import Cable, DeviceSpec
from infra.lab.first_boot import MEMORY_MIB, MachineSpec
from inventory.entries import InventoryDevice, InventoryHost, devices, hosts, operations_host
from inventory.enums import DeviceKind, Role
from inventory.model.estate import Estate
from inventory.model.tenants import Contact
from inventory.secrets import secret_path


def lab_host(entry: InventoryHost, placement: Placement, context: BuildContext) -> StackOutput:
    """Declare a lab machine."""
    foundation, network = _lab(entry.name, placement, context)
    spec = MachineSpec(
        name=entry.name,
        interfaces=interfaces(entry, foundation),
        authorized_keys=context.authorized_keys,
        forward=Role.EDGE in entry.host.roles,
        package_cache=context.package_cache,
        memory_mib=entry.host.memory_mib or MEMORY_MIB,
    )
    opts = ResourceOptions(parent=placement.parent, depends_on=[*foundation.for_machines, network])
    made = declare("bastide:lab:Machine", entry.name, foundation.estate, spec, opts)
    return host_output(made.output("address"), made.output("hostKey"), entry.provider)


def lab_device(entry: InventoryDevice, placement: Placement, context: BuildContext) -> StackOutput:
    """Declare a simulated device."""
    foundation, network = _lab(entry.name, placement, context)
    device, site, access = entry.device, entry.site, entry.snmp
    spec = DeviceSpec(
        name=entry.name,
        kind=device.kind.value,
        network=network_name(entry.tenant, site),
        address=IPv4Interface(f"{device.address}/{ipv4_network(site.network).prefixlen}"),
        gateway=ipv4(site.gateway),
        ports=device.ports,
        user=access.user,
        auth_key_file=_secret_file(access.auth, context.state),
        priv_key_file=_secret_file(access.priv, context.state),
        auth_protocol=access.auth_protocol,
        priv_protocol=access.priv_protocol,
        location=f"{site.name}, {entry.tenant.name}",
        contact=_contact(entry.tenant.content.contacts[0]),
        notify=_operations_address(entry.tenant.estate),
        cables=cables(entry),
    )
    opts = ResourceOptions(parent=placement.parent, depends_on=[network])
    declare("bastide:lab:Device", entry.name, foundation.estate, spec, opts)
    return device_output(entry)


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


def _lab(name: str, placement: Placement, context: BuildContext) -> tuple[Ground, Provided]:
    if context.foundation is None or placement.network is None:
        raise failed(name, expected="a lab", found="none", advice="add `lab:` to estate.yml")
    return context.foundation, placement.network


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


def _operations_address(estate: Estate) -> IPv4Address | None:
    """Return the address of the host that listens for traps, if the estate has one."""
    entry = operations_host(estate)
    return None if entry is None else ipv4(entry.host.address)


def _contact(contact: Contact) -> str:
    return contact.email or contact.name
