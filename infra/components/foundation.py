"""What all lab hosts of an estate stand on: backbone, WAN and base image."""

from ipaddress import IPv4Network

import pulumi
from pulumi import ResourceOptions

from infra.components.resources import Provided, declare
from infra.errors import failed
from infra.lab.backbone import BackboneSpec
from infra.lab.image import ImageSpec
from infra.lab.networks import NetworkSpec
from inventory.model.estate import Estate

WAN = "wan"


class Foundation(pulumi.ComponentResource):
    """The backbone with the WAN on it, and the image that machines start from."""

    def __init__(self, estate: Estate) -> None:
        """Declare it for an estate that has lab ranges; InfraError when it has none."""
        super().__init__("bastide:estate:Foundation", estate.estate)
        self.estate = estate.estate
        whole, self.wan_range, uplink = lab_ranges(estate)
        self.backbone = self._declare("Backbone", "backbone", BackboneSpec(whole, uplink))
        # The image needs nothing of the backbone, but the backbone checks first whether this
        # machine can carry a lab at all: better known before half a minute of building.
        self.image = self._declare("Image", "debian-12", ImageSpec(), self.backbone)
        wan = NetworkSpec(WAN, self.wan_range, gateway=self.wan_range[1])
        self.wan = self._declare("Network", WAN, wan, self.backbone)
        self.for_networks: tuple[pulumi.Resource, ...] = (self.backbone, self.wan)
        self.for_machines: tuple[pulumi.Resource, ...] = (self.image, self.wan)
        self.register_outputs({})

    def _declare(self, kind: str, name: str, spec: object, *needs: Provided) -> Provided:
        opts = ResourceOptions(parent=self, depends_on=list(needs))
        return declare(f"bastide:lab:{kind}", name, self.estate, spec, opts)


class FoundationElsewhere:
    """The same for a municipality with a stack of its own: it is in central's, and referred to."""

    def __init__(self, estate: Estate, central: pulumi.StackReference) -> None:
        """Read the lab's ranges; InfraError when the estate has none."""
        self.estate = estate.estate
        _, self.wan_range, _ = lab_ranges(estate)
        self.for_networks: tuple[pulumi.Resource, ...] = (central,)
        self.for_machines: tuple[pulumi.Resource, ...] = (central,)


Ground = Foundation | FoundationElsewhere
"""What the lab's networks and machines of a tenant stand on."""


def lab_ranges(estate: Estate) -> tuple[IPv4Network, IPv4Network, IPv4Network]:
    """Return the lab's whole range, its WAN and its uplink; InfraError when they are not there."""
    lab = estate.lab
    if lab is not None:
        ranges = (lab.range, lab.wan, lab.uplink)
        whole, wan, uplink = (one if isinstance(one, IPv4Network) else None for one in ranges)
        if whole and wan and uplink:
            return whole, wan, uplink
    raise failed(
        f"estate {estate.estate}",
        expected="IPv4 ranges for the lab in estate.yml",
        found=str(lab) if lab else "none",
        advice="add `lab:` with range, wan and uplink (the shipped estate `lab` shows how)",
    )
