"""Machines on Proxmox VE."""

from pathlib import Path

from pulumi import ResourceOptions

from infra.components import hypervisor_hosts as common
from infra.components.context import BuildContext, Placement, StackOutput, host_output
from infra.components.resources import declare
from infra.errors import failed
from infra.proxmox.specs import MachineSpec
from inventory.connections import ssh
from inventory.entries import InventoryHost
from inventory.enums import Role
from inventory.model.hypervisors import Attachment, Proxmox
from inventory.model.tenants import Site
from inventory.secrets import secret_path


def proxmox_host(entry: InventoryHost, placement: Placement, context: BuildContext) -> StackOutput:
    """Declare a machine with its disks."""
    protect = common.machine(entry).protect
    opts = ResourceOptions(parent=placement.parent, protect=protect)
    spec, estate = _spec(entry, _said(entry), context), entry.tenant.estate.estate
    made = declare("bastide:proxmox:Machine", entry.name, estate, spec, opts)
    return host_output(made.output("address"), made.output("hostKey"), entry.provider)


def _spec(entry: InventoryHost, said: Proxmox, context: BuildContext) -> MachineSpec:
    def attach(site: Site) -> tuple[Attachment | None, str | None]:
        return said.sites.get(site.id), None

    size, own = common.size(entry), common.machine(entry)
    return MachineSpec(
        name=entry.name,
        url=said.url,
        token_file=_token_file(said, context.state),
        ca_file=said.ca,
        node=said.node,
        storage=said.storage,
        iso_storage=said.iso_storage,
        pool=said.pool,
        template=said.template,
        image=said.image,
        cpus=size.cpus,
        memory_mib=size.memory_mib,
        disk_gib=size.disk_gib,
        disks=tuple(disk.gib for disk in own.disks),
        interfaces=common.interfaces(entry, attach, said.wan),
        authorized_keys=context.authorized_keys,
        user=ssh(entry).user or "root",
        resolvers=common.resolvers(entry),
        forward=Role.EDGE in entry.host.roles,
        autostart=own.autostart,
        protect=own.protect,
        verify=common.verified(entry, context),
    )


def _said(entry: InventoryHost) -> Proxmox:
    content, estate = entry.tenant.content, entry.tenant.estate
    return common.required(entry, "proxmox", content.proxmox or estate.proxmox)


def _token_file(said: Proxmox, state: Path) -> str:
    """The state keeps the file's name: no secret may be in it."""
    path = secret_path(said.token, state)
    if path is None:
        raise failed(
            f"token of {said.url}",
            expected="file:/PATH",
            found=said.token.partition(":")[0],
            advice="write the token into a file of mode 0600, and name that",
        )
    return str(path)
