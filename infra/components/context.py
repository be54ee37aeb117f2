"""What components are declared with, and what they return of each host and device."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pulumi

from infra.components.foundation import Ground
from infra.components.resources import Provided
from inventory.entries import InventoryDevice
from inventory.enums import ProviderName


@dataclass(frozen=True, slots=True)
class BuildContext:
    """What hosts are made with: `foundation` and `package_cache` (a URL) where there is a lab.

    `shared` is what several hosts of a tenant stand on, such as an image: declared once, by name.
    """

    state: Path
    authorized_keys: tuple[str, ...]
    foundation: Ground | None
    package_cache: str | None
    verify: bool
    shared: dict[str, Provided] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Placement:
    """Where something is declared: under which component, on which lab network if any."""

    parent: pulumi.Resource
    network: Provided | None


# A host's or device's entry among the stack outputs (inventory.outputs), some of it to come.
StackOutput = Mapping[str, Any]


def host_output(address: object, host_key: object, provider: ProviderName) -> StackOutput:
    """Return what the stack exports of a host."""
    return {"address": address, "host_key": host_key, "provider": provider.value}


def device_output(entry: InventoryDevice) -> StackOutput:
    """Return what the stack exports of a device."""
    return {"address": str(entry.device.address), "provider": entry.provider.value}
