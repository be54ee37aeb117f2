"""The kinds of resources of libvirt's driver, one row each."""

from infra.driver.kind import RUNNING, Kind, Kinds, Output, stale_when_stopped
from infra.driver.shape import Shape
from infra.libvirt import images, machines, networks, volumes
from infra.libvirt.specs import ImageSpec, MachineSpec, NetworkSpec, VolumeSpec

VOLUME = Output("string", "the volume's name in its pool")
PATH = Output("string", "where the hypervisor keeps it")

KINDS: Kinds = {
    "bastide:libvirt:Network": Kind(
        summary="A network that a hypervisor makes for a site",
        shape=Shape(NetworkSpec),
        outputs={
            "network": Output("string", "the network's name on the hypervisor"),
            "bridge": Output("string", "its bridge"),
            "running": RUNNING,
        },
        replaces=frozenset({"estate", "name", "uri", "range", "gateway", "forward"}),
        ensure=networks.ensure,
        read=networks.read,
        delete=networks.delete,
        stale=stale_when_stopped,
    ),
    "bastide:libvirt:Image": Kind(
        summary="A cloud image in a hypervisor's pool, which machines' disks lie on top of; "
        "it is kept while some do",
        shape=Shape(ImageSpec),
        outputs={"volume": VOLUME, "path": PATH},
        replaces=frozenset({"estate", "name", "uri", "pool", "checksum"}),
        create_only=frozenset({"source"}),
        ensure=images.ensure,
        read=images.read,
        delete=images.delete,
    ),
    "bastide:libvirt:Volume": Kind(
        summary="A disk for data: it outlives its machine, and grows without losing anything",
        shape=Shape(VolumeSpec),
        outputs={"volume": VOLUME, "path": PATH},
        replaces=frozenset({"estate", "name", "uri", "pool"}),
        ensure=volumes.ensure,
        read=volumes.read,
        delete=volumes.delete,
    ),
    "bastide:libvirt:Machine": Kind(
        summary="A virtual machine from a cloud image, created with the host key that is pinned",
        shape=Shape(MachineSpec),
        outputs={
            "address": Output("string", "the address that it is managed at"),
            "hostKey": Output("string", "the SSH host public key that it was given"),
            "running": RUNNING,
            "console": Output("string", "the command that shows its console"),
        },
        replaces=frozenset({"estate", "name", "uri", "pool", "interfaces", "forward"}),
        create_only=frozenset({"authorizedKeys", "user", "resolvers", "image", "verify"}),
        ensure=machines.ensure,
        read=machines.read,
        delete=machines.delete,
        stale=stale_when_stopped,
    ),
}
