"""The resource kinds of the provider, one row each: the words that programs and Pulumi use."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from infra.lab.backbone import BackboneSpec
from infra.lab.device import DeviceSpec
from infra.lab.first_boot import MachineSpec
from infra.lab.image import ImageSpec
from infra.lab.networks import NetworkSpec
from infra.lab.package_cache import CacheSpec
from infra.provider.existing import ExistingSpec
from infra.provider.specs import Shape

Spec = TypeVar("Spec")


@dataclass(frozen=True, slots=True)
class Output:
    """An output property, for the schema."""

    type: str
    description: str


@dataclass(frozen=True, slots=True)
class Kind(Generic[Spec]):
    """What a kind of resource takes and gives; what is done for it is in actions.py.

    `replaces`: inputs whose change makes a new one, after the old one is deleted, since names and
    addresses are taken only once. `birth_only`: inputs whose later change means nothing.
    """

    summary: str
    shape: Shape[Spec]
    outputs: Mapping[str, Output]
    replaces: frozenset[str]
    birth_only: frozenset[str] = frozenset()


RUNNING = Output("boolean", "whether it ran when it was last looked at")

KINDS: Mapping[str, Kind[Any]] = {
    "bastide:lab:Backbone": Kind(
        summary="The lab's WAN and central router: a network namespace with an uplink",
        shape=Shape(BackboneSpec),
        outputs={"resolvers": Output("array", "the DNS servers that this machine asks")},
        replaces=frozenset({"estate", "range", "uplink"}),
    ),
    "bastide:lab:Network": Kind(
        summary="A bridge on the backbone, which is its gateway or routes it through an edge",
        shape=Shape(NetworkSpec),
        outputs={"bridge": Output("string", "the bridge's name in the backbone")},
        replaces=frozenset({"estate", "name", "range", "gateway", "via"}),
    ),
    "bastide:lab:PackageCache": Kind(
        summary="A cache of Debian packages that all lab hosts share",
        shape=Shape(CacheSpec),
        outputs={"url": Output("string", "what hosts use as their HTTP proxy"), "running": RUNNING},
        replaces=frozenset({"estate", "address", "port"}),
    ),
    "bastide:lab:Image": Kind(
        summary="The Debian image that new lab machines are born from; kept when deleted",
        shape=Shape(ImageSpec),
        outputs={
            "path": Output("string", "where the image is"),
            "recipe": Output("string", "the hash of what it is made of"),
        },
        replaces=frozenset({"estate"}),
    ),
    "bastide:lab:Machine": Kind(
        summary="A lab machine: systemd-nspawn with real systemd, Debian 12 and an SSH server",
        shape=Shape(MachineSpec),
        outputs={
            "address": Output("string", "the address that it is managed at"),
            "hostKey": Output("string", "the SSH host public key that it was born with"),
            "running": RUNNING,
        },
        replaces=frozenset({"estate", "name", "interfaces", "forward"}),
        birth_only=frozenset({"packageCache"}),
    ),
    "bastide:lab:Device": Kind(
        summary="A simulated device: an SNMPv3 agent at an address of its own",
        shape=Shape(DeviceSpec),
        outputs={"running": RUNNING},
        replaces=frozenset({"estate", "name", "network", "address", "gateway"}),
    ),
    "bastide:existing:Machine": Kind(
        summary="A host that is there already; its SSH host key is verified, nothing is changed",
        shape=Shape(ExistingSpec),
        outputs={},
        replaces=frozenset({"estate", "name", "address"}),
    ),
}
