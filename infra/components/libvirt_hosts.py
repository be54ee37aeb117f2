"""Machines on hypervisors that libvirt manages, with what they stand on."""

from functools import partial

from pulumi import ResourceOptions

from infra.components import hypervisor_hosts as common
from infra.components.context import BuildContext, Placement, StackOutput, host_output
from infra.components.resources import Provided, declare
from infra.components.site import ipv4, ipv4_network, network_name
from infra.guests.ownership import own_name
from infra.libvirt.images import image_volume
from infra.libvirt.specs import ImageSpec, MachineSpec, NetworkSpec, VolumeSpec
from infra.libvirt.volumes import data_volume
from inventory.connections import ssh
from inventory.entries import InventoryHost
from inventory.enums import Role
from inventory.model.hypervisors import Attachment, Libvirt
from inventory.model.tenants import Site


def libvirt_host(entry: InventoryHost, placement: Placement, context: BuildContext) -> StackOutput:
    """Declare a machine with its disks, and its image and network once a tenant."""
    said = _said(entry)
    image = _image(entry, said, placement, context)
    network = _network(entry, said, placement, context)
    own = common.machine(entry)
    disks = [_disk(entry, said, placement, disk.id, disk.gib) for disk in own.disks]
    needs = [image, *([network] if network else []), *disks]
    opts = ResourceOptions(parent=placement.parent, depends_on=needs, protect=own.protect)
    spec = _spec(entry, said, context)
    estate = entry.tenant.estate.estate
    made = declare("bastide:libvirt:Machine", entry.name, estate, spec, opts)
    return host_output(made.output("address"), made.output("hostKey"), entry.provider)


def _spec(entry: InventoryHost, said: Libvirt, context: BuildContext) -> MachineSpec:
    size, own, estate = common.size(entry), common.machine(entry), entry.tenant.estate.estate
    return MachineSpec(
        name=entry.name,
        uri=said.uri,
        pool=said.pool,
        image=image_volume(estate, entry.tenant.id, said.image.checksum),
        cpus=size.cpus,
        memory_mib=size.memory_mib,
        disk_gib=size.disk_gib,
        interfaces=common.interfaces(entry, partial(_attached, entry, said), said.wan),
        authorized_keys=context.authorized_keys,
        user=ssh(entry).user or "root",
        disks=tuple(data_volume(estate, f"{entry.name}-{disk.id}") for disk in own.disks),
        resolvers=common.resolvers(entry),
        forward=Role.EDGE in entry.host.roles,
        autostart=own.autostart,
        verify=common.verified(entry, context),
    )


def _said(entry: InventoryHost) -> Libvirt:
    content, estate = entry.tenant.content, entry.tenant.estate
    return common.required(entry, "libvirt", content.libvirt or estate.libvirt)


def _image(
    entry: InventoryHost, said: Libvirt, placement: Placement, context: BuildContext
) -> Provided:
    """Each tenant has an image of its own: none can take away what another's disks lie on."""
    tenant = entry.tenant.id
    spec = ImageSpec(tenant, said.uri, said.pool, said.image.path, said.image.checksum)
    key = f"{tenant}-image"
    if key not in context.shared:
        opts = ResourceOptions(parent=placement.parent)
        estate = entry.tenant.estate.estate
        context.shared[key] = declare("bastide:libvirt:Image", key, estate, spec, opts)
    return context.shared[key]


def _network(
    entry: InventoryHost, said: Libvirt, placement: Placement, context: BuildContext
) -> Provided | None:
    site, name = entry.site, network_name(entry.tenant, entry.site)
    if site.id in said.sites:
        return None
    edge = any(common.is_gateway(host, site) for host in entry.tenant.content.hosts)
    spec = NetworkSpec(
        name,
        said.uri,
        ipv4_network(site.network),
        None if edge else ipv4(site.gateway),
        "isolated" if edge else said.forward,
    )
    if name not in context.shared:
        opts = ResourceOptions(parent=placement.parent)
        estate = entry.tenant.estate.estate
        context.shared[name] = declare("bastide:libvirt:Network", name, estate, spec, opts)
    return context.shared[name]


def _disk(
    entry: InventoryHost, said: Libvirt, placement: Placement, disk: str, gib: int
) -> Provided:
    name = f"{entry.name}-{disk}"
    spec = VolumeSpec(name, said.uri, said.pool, gib)
    opts = ResourceOptions(parent=placement.parent, protect=common.machine(entry).protect)
    return declare("bastide:libvirt:Volume", name, entry.tenant.estate.estate, spec, opts)


def _attached(
    entry: InventoryHost, said: Libvirt, site: Site
) -> tuple[Attachment | None, str | None]:
    if site.id in said.sites:
        return said.sites[site.id], None
    return None, own_name(entry.tenant.estate.estate, network_name(entry.tenant, site))
