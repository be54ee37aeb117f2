"""The kinds of resources of the lab's driver, one row each."""

from infra.driver.kind import RUNNING, Kind, Kinds, Output, stale_when_stopped
from infra.driver.shape import Shape
from infra.lab import lifecycle
from infra.lab.backbone import BackboneSpec
from infra.lab.device import DeviceSpec
from infra.lab.first_boot import MachineSpec
from infra.lab.image import ImageSpec
from infra.lab.networks import NetworkSpec
from infra.lab.package_cache import CacheSpec

KINDS: Kinds = {
    "bastide:lab:Backbone": Kind(
        summary="The lab's WAN and central router: a network namespace with an uplink",
        shape=Shape(BackboneSpec),
        outputs={"resolvers": Output("array", "the DNS servers that this machine asks")},
        replaces=frozenset({"estate", "range", "uplink"}),
        ensure=lifecycle.ensure_backbone,
        read=lifecycle.read_backbone,
        delete=lifecycle.delete_backbone,
    ),
    "bastide:lab:Network": Kind(
        summary="A bridge on the backbone, which is its gateway or routes it through an edge",
        shape=Shape(NetworkSpec),
        outputs={"bridge": Output("string", "the bridge's name in the backbone")},
        replaces=frozenset({"estate", "name", "range", "gateway", "via"}),
        ensure=lifecycle.ensure_network,
        read=lifecycle.read_network,
        delete=lifecycle.delete_network,
    ),
    "bastide:lab:PackageCache": Kind(
        summary="A cache of Debian packages that all lab hosts share",
        shape=Shape(CacheSpec),
        outputs={"url": Output("string", "what hosts use as their HTTP proxy"), "running": RUNNING},
        replaces=frozenset({"estate", "address", "port"}),
        ensure=lifecycle.ensure_cache,
        read=lifecycle.read_cache,
        delete=lifecycle.delete_cache,
        stale=stale_when_stopped,
    ),
    "bastide:lab:Image": Kind(
        summary="The Debian image that new lab machines start from; kept when deleted",
        shape=Shape(ImageSpec),
        outputs={
            "path": Output("string", "where the image is"),
            "recipe": Output("string", "the hash of what it is made of"),
        },
        replaces=frozenset({"estate"}),
        ensure=lifecycle.ensure_image,
        read=lifecycle.read_image,
        delete=lifecycle.delete_image,
        stale=lifecycle.stale_recipe,
    ),
    "bastide:lab:Machine": Kind(
        summary="A lab machine: systemd-nspawn with real systemd, Debian 12 and an SSH server",
        shape=Shape(MachineSpec),
        outputs={
            "address": Output("string", "the address that it is managed at"),
            "hostKey": Output("string", "the SSH host public key that it was given"),
            "running": RUNNING,
        },
        replaces=frozenset({"estate", "name", "interfaces", "forward"}),
        create_only=frozenset({"packageCache"}),
        ensure=lifecycle.ensure_machine,
        read=lifecycle.read_machine,
        delete=lifecycle.delete_machine,
        stale=stale_when_stopped,
    ),
    "bastide:lab:Device": Kind(
        summary="A simulated device: an SNMPv3 agent at an address of its own",
        shape=Shape(DeviceSpec),
        outputs={"running": RUNNING},
        replaces=frozenset({"estate", "name", "network", "address", "gateway"}),
        ensure=lifecycle.ensure_device,
        read=lifecycle.read_device,
        delete=lifecycle.delete_device,
        stale=stale_when_stopped,
    ),
}
