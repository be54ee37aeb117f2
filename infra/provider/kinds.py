"""The resource kinds of the provider: one row each, what it is made of and how."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from infra.lab.backbone import BackboneSpec
from infra.lab.birth import MachineSpec
from infra.lab.device import DeviceSpec
from infra.lab.image import ImageSpec
from infra.lab.networks import NetworkSpec
from infra.lab.package_cache import CacheSpec
from infra.lab.place import Lab
from infra.provider import actions
from infra.provider.existing import ExistingSpec
from infra.provider.specs import Shape

Spec = TypeVar("Spec")
Values = dict[str, Any]
Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Output:
    """An output property, for the schema; a change of an `alarming` one calls for an update."""

    type: str
    description: str


@dataclass(frozen=True, slots=True)
class Kind(Generic[Spec]):
    """How resources of one kind are made, looked at and removed; every function is idempotent.

    `ensure` creates and updates. `read` returns None when the thing is gone. `replaces`: inputs
    whose change makes a new one, after the old one is deleted, since names and addresses are
    taken only once. `birth_only`: inputs whose later change means nothing. `stale`: outputs that
    say that the thing needs `ensure` again though no input changed.
    """

    summary: str
    shape: Shape[Spec]
    outputs: Mapping[str, Output]
    ensure: Callable[[Lab, Spec, Report], Values]
    read: Callable[[Lab, Spec], Values | None]
    delete: Callable[[Lab, Spec], None]
    replaces: frozenset[str]
    birth_only: frozenset[str] = frozenset()
    stale: Callable[[Lab, Values], frozenset[str]] = actions.never_stale


RUNNING = Output("boolean", "whether it ran when it was last looked at")

KINDS: Mapping[str, Kind[Any]] = {
    "bastide:lab:Backbone": Kind(
        summary="The lab's WAN and central router: a network namespace with an uplink",
        shape=Shape(BackboneSpec),
        outputs={"resolvers": Output("array", "the DNS servers that this machine asks")},
        ensure=actions.ensure_backbone,
        read=actions.read_backbone,
        delete=actions.delete_backbone,
        replaces=frozenset({"estate", "range", "uplink"}),
    ),
    "bastide:lab:Network": Kind(
        summary="A bridge on the backbone, which is its gateway or routes it through an edge",
        shape=Shape(NetworkSpec),
        outputs={"bridge": Output("string", "the bridge's name in the backbone")},
        ensure=actions.ensure_network,
        read=actions.read_network,
        delete=actions.delete_network,
        replaces=frozenset({"estate", "name", "range", "gateway", "via"}),
    ),
    "bastide:lab:PackageCache": Kind(
        summary="A cache of Debian packages that all lab hosts share",
        shape=Shape(CacheSpec),
        outputs={"url": Output("string", "what hosts use as their HTTP proxy"), "running": RUNNING},
        ensure=actions.ensure_cache,
        read=actions.read_cache,
        delete=actions.delete_cache,
        replaces=frozenset({"estate", "address", "port"}),
        stale=actions.stale_when_stopped,
    ),
    "bastide:lab:Image": Kind(
        summary="The Debian image that new lab machines are born from; kept when deleted",
        shape=Shape(ImageSpec),
        outputs={
            "path": Output("string", "where the image is"),
            "recipe": Output("string", "the hash of what it is made of"),
        },
        ensure=actions.ensure_image,
        read=actions.read_image,
        delete=actions.delete_image,
        replaces=frozenset({"estate"}),
        stale=actions.stale_recipe,
    ),
    "bastide:lab:Machine": Kind(
        summary="A lab machine: systemd-nspawn with real systemd, Debian 12 and an SSH server",
        shape=Shape(MachineSpec),
        outputs={
            "address": Output("string", "the address that it is managed at"),
            "hostKey": Output("string", "the SSH host public key that it was born with"),
            "running": RUNNING,
        },
        ensure=actions.ensure_machine,
        read=actions.read_machine,
        delete=actions.delete_machine,
        replaces=frozenset({"estate", "name", "interfaces", "forward"}),
        birth_only=frozenset({"packageCache"}),
        stale=actions.stale_when_stopped,
    ),
    "bastide:lab:Device": Kind(
        summary="A simulated device: an SNMPv3 agent at an address of its own",
        shape=Shape(DeviceSpec),
        outputs={"running": RUNNING},
        ensure=actions.ensure_device,
        read=actions.read_device,
        delete=actions.delete_device,
        replaces=frozenset({"estate", "name", "network", "address", "gateway"}),
        stale=actions.stale_when_stopped,
    ),
    "bastide:existing:Machine": Kind(
        summary="A host that is there already; its SSH host key is verified, nothing is changed",
        shape=Shape(ExistingSpec),
        outputs={},
        ensure=actions.ensure_existing,
        read=actions.read_existing,
        delete=actions.delete_existing,
        replaces=frozenset({"estate", "name", "address"}),
    ),
}
