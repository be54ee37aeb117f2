"""What is done for each kind of resource in the lab: ensure, read, delete, each idempotent."""

from infra.driver.kind import Progress, Values
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
from infra.lab.layout import lab_of
from infra.lab.networks import NetworkSpec
from infra.lab.package_cache import CacheSpec


def stale_recipe(outputs: Values) -> frozenset[str]:
    """Return `recipe` when this version of Bastide, or this machine, makes another image."""
    return frozenset() if outputs.get("recipe") == image.recipe().digest else frozenset({"recipe"})


def ensure_backbone(estate: str, spec: BackboneSpec, _progress: Progress) -> Values:
    """Make the backbone on a machine that has all that a lab needs."""
    lab = lab_of(estate)
    preflight.require(lab, spec.range)
    backbone.ensure(lab, spec)
    return {"resolvers": [str(address) for address in resolvers.resolvers()]}


def read_backbone(estate: str, _spec: BackboneSpec) -> Values | None:
    """Look whether the backbone is there."""
    if not backbone.exists(lab_of(estate)):
        return None
    return {"resolvers": [str(address) for address in resolvers.resolvers()]}


def delete_backbone(estate: str, _spec: BackboneSpec) -> None:
    """Remove the backbone and whatever else lasts until the next boot."""
    teardown.remove_runtime(lab_of(estate))


def ensure_network(estate: str, spec: NetworkSpec, _progress: Progress) -> Values:
    """Make the network."""
    networks.ensure(lab_of(estate), spec)
    return {"bridge": spec.bridge}


def read_network(estate: str, spec: NetworkSpec) -> Values | None:
    """Look whether the network is there."""
    return {"bridge": spec.bridge} if networks.exists(lab_of(estate), spec.name) else None


def delete_network(estate: str, spec: NetworkSpec) -> None:
    """Remove the network."""
    networks.remove(lab_of(estate), spec)


def ensure_cache(estate: str, spec: CacheSpec, _progress: Progress) -> Values:
    """Start the package cache."""
    package_cache.ensure(lab_of(estate), spec)
    return {"url": spec.url, "running": True}


def read_cache(estate: str, spec: CacheSpec) -> Values | None:
    """Look whether the package cache runs."""
    return {"url": spec.url, "running": package_cache.running(lab_of(estate))}


def delete_cache(estate: str, _spec: CacheSpec) -> None:
    """Stop the package cache."""
    package_cache.remove(lab_of(estate))


def ensure_image(estate: str, _spec: ImageSpec, progress: Progress) -> Values:
    """Build the image unless there is a current one."""
    return {"path": str(image.ensure(lab_of(estate), progress)), "recipe": image.recipe().digest}


def read_image(estate: str, _spec: ImageSpec) -> Values | None:
    """Look whether an image of the present recipe is there."""
    digest = image.recipe().digest
    path = image.find(lab_of(estate), digest)
    return {"path": str(path), "recipe": digest} if path else None


def delete_image(_estate: str, _spec: ImageSpec) -> None:
    """Keep the image: other estates' machines may stand on it."""


def ensure_machine(estate: str, spec: MachineSpec, _progress: Progress) -> Values:
    """Create or adopt the machine, and wait until it answers with its host key."""
    made = machine.create(lab_of(estate), spec)
    return {"address": made.address, "hostKey": made.host_key, "running": True}


def read_machine(estate: str, spec: MachineSpec) -> Values | None:
    """Look whether the machine is there, and whether it runs."""
    lab = lab_of(estate)
    made = machine.find(lab, spec.name)
    if made is None:
        return None
    running = machine.running(lab, spec.name)
    return {"address": made.address, "hostKey": made.host_key, "running": running}


def delete_machine(estate: str, spec: MachineSpec) -> None:
    """Remove the machine with its disk."""
    machine.delete(lab_of(estate), spec.name)


def ensure_device(estate: str, spec: DeviceSpec, _progress: Progress) -> Values:
    """Start the device."""
    device.ensure(lab_of(estate), spec)
    return {"running": True}


def read_device(estate: str, spec: DeviceSpec) -> Values | None:
    """Look whether the device is there, and whether it runs."""
    lab = lab_of(estate)
    if device.find(lab, spec.name) is None:
        return None
    return {"running": device.running(lab, spec.name)}


def delete_device(estate: str, spec: DeviceSpec) -> None:
    """Remove the device."""
    device.delete(lab_of(estate), spec.name)
