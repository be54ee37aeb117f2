"""A lab of the tests' own, one a process: another name and other ranges than any estate's."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface, IPv4Network

import pytest

from infra.lab import backbone, image, networks
from infra.lab.backbone import BackboneSpec
from infra.lab.first_boot import MachineSpec
from infra.lab.layout import Lab, lab_of
from infra.lab.networks import Interface, NetworkSpec
from infra.lab.teardown import teardown

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHVFsWbnXqY0tsf8e7PyzGS6QG4aBnyqSYuVOJq2W1cN test"


@dataclass(frozen=True, slots=True)
class OwnLab:
    """A backbone with one network on it, and the names of things in it."""

    lab: Lab
    spec: BackboneSpec
    network: NetworkSpec

    def address(self, last: int) -> str:
        """Return an address of the network."""
        return str(self.network.range[last])

    def machine(self, name: str, last: int, *keys: str) -> MachineSpec:
        """Return a machine on the network."""
        address = IPv4Interface(f"{self.address(last)}/{self.network.range.prefixlen}")
        interface = Interface("lan0", self.network.name, address, self.network.gateway)
        return MachineSpec(name, (interface,), keys or (KEY,))


@pytest.fixture(scope="session")
def own_range() -> IPv4Network:
    """A /16 that no estate uses, another one for each process."""
    return IPv4Network(f"10.{100 + os.getpid() % 50}.0.0/16")


@pytest.fixture(scope="session")
def own_lab(own_range: IPv4Network, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnLab]:
    """A lab that is taken down in the end, with the base image built."""
    lab = lab_of(f"t{os.getpid()}", tmp_path_factory.mktemp("state") / "own")
    third = own_range.network_address + 256 * 254
    spec = BackboneSpec(own_range, IPv4Network(f"{third}/30"))
    lan = IPv4Network(f"{own_range.network_address}/24")
    network = NetworkSpec("central", lan, gateway=IPv4Address(lan[1]))
    image.ensure(lab, print)
    try:
        backbone.ensure(lab, spec)
        networks.ensure(lab, network)
        yield OwnLab(lab, spec, network)
    finally:
        list(teardown(lab.estate, lab.state.parent))
