"""What the provider does for each kind: calls the driver and says what came of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from infra.lab import (
    backbone,
    device,
    image,
    machine,
    networks,
    package_cache,
    preflight,
    resolvers,
    teardown,
)
from infra.lab.backbone import BackboneSpec
from infra.lab.device import DeviceSpec
from infra.lab.first_boot import MachineSpec
from infra.lab.image import ImageSpec
from infra.lab.layout import Lab
from infra.lab.networks import NetworkSpec
from infra.lab.package_cache import CacheSpec
from infra.provider.existing import ExistingSpec
from infra.provider.verification import verify

Values = dict[str, Any]
Report = Callable[[str], None]
Spec = TypeVar("Spec")


@dataclass(frozen=True, slots=True)
class Actions(Generic[Spec]):
    """How resources of one kind are made, looked at and removed; every function is idempotent.

    `ensure` creates and updates. `read` returns None when the thing is gone. `stale` returns the
    outputs that say that the thing needs `ensure` again though no input changed.
    """

    ensure: Callable[[Lab, Spec, Report], Values]
    read: Callable[[Lab, Spec], Values | None]
    delete: Callable[[Lab, Spec], None]
    stale: Callable[[Lab, Values], frozenset[str]]


def never_stale(_lab: Lab, _outputs: Values) -> frozenset[str]:
    """Return nothing: the kind changes with its inputs only."""
    return frozenset()


def stale_when_stopped(_lab: Lab, outputs: Values) -> frozenset[str]:
    """Return `running` when a refresh found the thing dead."""
    return frozenset() if outputs.get("running", True) else frozenset({"running"})


def stale_recipe(_lab: Lab, outputs: Values) -> frozenset[str]:
    """Return `recipe` when this version of Bastide, or this machine, makes another image."""
    return frozenset() if outputs.get("recipe") == image.recipe().digest else frozenset({"recipe"})


def ensure_backbone(lab: Lab, spec: BackboneSpec, _report: Report) -> Values:
    """Make the backbone on a machine that has all that a lab needs."""
    preflight.require(lab, spec.range)
    backbone.ensure(lab, spec)
    return {"resolvers": [str(address) for address in resolvers.resolvers()]}


def read_backbone(lab: Lab, _spec: BackboneSpec) -> Values | None:
    """Look whether the backbone is there."""
    if not backbone.exists(lab):
        return None
    return {"resolvers": [str(address) for address in resolvers.resolvers()]}


def delete_backbone(lab: Lab, _spec: BackboneSpec) -> None:
    """Remove the backbone and whatever else lasts until the next boot."""
    teardown.remove_runtime(lab)


def ensure_network(lab: Lab, spec: NetworkSpec, _report: Report) -> Values:
    """Make the network."""
    networks.ensure(lab, spec)
    return {"bridge": spec.bridge}


def read_network(lab: Lab, spec: NetworkSpec) -> Values | None:
    """Look whether the network is there."""
    return {"bridge": spec.bridge} if networks.exists(lab, spec.name) else None


def delete_network(lab: Lab, spec: NetworkSpec) -> None:
    """Remove the network."""
    networks.remove(lab, spec)


def ensure_cache(lab: Lab, spec: CacheSpec, _report: Report) -> Values:
    """Start the package cache."""
    package_cache.ensure(lab, spec)
    return {"url": spec.url, "running": True}


def read_cache(lab: Lab, spec: CacheSpec) -> Values | None:
    """Look whether the package cache runs."""
    return {"url": spec.url, "running": package_cache.running(lab)}


def delete_cache(lab: Lab, _spec: CacheSpec) -> None:
    """Stop the package cache."""
    package_cache.remove(lab)


def ensure_image(lab: Lab, _spec: ImageSpec, report: Report) -> Values:
    """Build the image unless there is a young one."""
    return {"path": str(image.ensure(lab, report)), "recipe": image.recipe().digest}


def read_image(lab: Lab, _spec: ImageSpec) -> Values | None:
    """Look whether an image of the present recipe is there."""
    digest = image.recipe().digest
    found = image.find(lab, digest)
    return {"path": str(found), "recipe": digest} if found else None


def delete_image(_lab: Lab, _spec: ImageSpec) -> None:
    """Keep the image: other estates' machines may stand on it."""


def ensure_machine(lab: Lab, spec: MachineSpec, _report: Report) -> Values:
    """Bear or adopt the machine, and wait until it answers with its host key."""
    made = machine.create(lab, spec)
    return {"address": made.address, "hostKey": made.host_key, "running": True}


def read_machine(lab: Lab, spec: MachineSpec) -> Values | None:
    """Look whether the machine is there, and whether it runs."""
    found = machine.find(lab, spec.name)
    if found is None:
        return None
    running = machine.running(lab, spec.name)
    return {"address": found.address, "hostKey": found.host_key, "running": running}


def delete_machine(lab: Lab, spec: MachineSpec) -> None:
    """Remove the machine with its disk."""
    machine.delete(lab, spec.name)


def ensure_device(lab: Lab, spec: DeviceSpec, _report: Report) -> Values:
    """Start the device."""
    device.ensure(lab, spec)
    return {"running": True}


def read_device(lab: Lab, spec: DeviceSpec) -> Values | None:
    """Look whether the device is there, and whether it runs."""
    if device.find(lab, spec.name) is None:
        return None
    return {"running": device.running(lab, spec.name)}


def delete_device(lab: Lab, spec: DeviceSpec) -> None:
    """Remove the device."""
    device.delete(lab, spec.name)


def ensure_existing(_lab: Lab, spec: ExistingSpec, _report: Report) -> Values:
    """Verify the host's key."""
    verify(spec)
    return {}


def read_existing(_lab: Lab, spec: ExistingSpec) -> Values | None:
    """Verify the host's key."""
    verify(spec)
    return {}


def delete_existing(_lab: Lab, _spec: ExistingSpec) -> None:
    """Leave the host alone: it was there before us."""


ACTIONS: Mapping[str, Actions[Any]] = {
    "bastide:lab:Backbone": Actions(ensure_backbone, read_backbone, delete_backbone, never_stale),
    "bastide:lab:Network": Actions(ensure_network, read_network, delete_network, never_stale),
    "bastide:lab:PackageCache": Actions(ensure_cache, read_cache, delete_cache, stale_when_stopped),
    "bastide:lab:Image": Actions(ensure_image, read_image, delete_image, stale_recipe),
    "bastide:lab:Machine": Actions(
        ensure_machine, read_machine, delete_machine, stale_when_stopped
    ),
    "bastide:lab:Device": Actions(ensure_device, read_device, delete_device, stale_when_stopped),
    "bastide:existing:Machine": Actions(
        ensure_existing, read_existing, delete_existing, never_stale
    ),
}
