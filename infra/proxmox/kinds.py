"""The kind of resources of Proxmox's driver."""

from infra.driver.kind import RUNNING, Kind, Kinds, Output, stale_when_stopped
from infra.driver.shape import Shape
from infra.proxmox import machines
from infra.proxmox.specs import MachineSpec

KINDS: Kinds = {
    "bastide:proxmox:Machine": Kind(
        summary="A virtual machine of Proxmox VE, created with the host key that is pinned",
        shape=Shape(MachineSpec),
        outputs={
            "address": Output("string", "the address that it is managed at"),
            "hostKey": Output("string", "the SSH host public key that it was given"),
            "running": RUNNING,
            "console": Output("string", "the page that shows its console"),
            "vmid": Output("integer", "its number in the cluster"),
        },
        replaces=frozenset({"estate", "name", "url", "storage", "interfaces", "forward"}),
        # `node`: it may have been moved to another by hand, and is found there.
        create_only=frozenset(
            {"authorizedKeys", "user", "resolvers", "template", "image", "verify", "node", "pool"}
        ),
        ensure=machines.ensure,
        read=machines.read,
        delete=machines.delete,
        stale=stale_when_stopped,
    ),
}
