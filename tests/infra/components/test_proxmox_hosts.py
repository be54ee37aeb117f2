"""What a host of the provider proxmox is declared as."""

from pathlib import Path
from typing import Any

import pytest

from infra.components import proxmox_hosts
from infra.components.context import BuildContext, Placement
from infra.components.proxmox_hosts import proxmox_host
from infra.errors import InfraError
from infra.proxmox.specs import MachineSpec
from inventory.entries import InventoryHost, Tenant, hosts
from inventory.load import load_estate
from inventory.model.hypervisors import OwnMachine, Proxmox
from inventory.paths import SHIPPED_ESTATES

LAB = load_estate(SHIPPED_ESTATES / "lab")
SAID = {
    "url": "https://pve.example:8006",
    "token": "file:/etc/bastide/secrets/proxmox",
    "node": "pve1",
    "template": 9000,
    "sites": {"hall": {"bridge": "vmbr0", "vlan": 70}},
}


class Made:
    def output(self, name: str) -> str:
        return name


@pytest.fixture
def declared(monkeypatch: pytest.MonkeyPatch) -> list[tuple[MachineSpec, Any]]:
    """What is declared instead of being handed to an engine, with its options."""
    specs: list[tuple[MachineSpec, Any]] = []

    def declare(*given: Any) -> Made:
        specs.append((given[3], given[4]))
        return Made()

    monkeypatch.setattr(proxmox_hosts, "declare", declare)
    monkeypatch.setattr(proxmox_hosts, "ResourceOptions", lambda **options: options)
    return specs


def make(said: dict[str, Any] | None, **change: Any) -> None:
    found = next(one for one in hosts(LAB) if one.name == "velgora-app")
    model = Proxmox.model_validate(said) if said else None
    content = found.tenant.content.model_copy(update={"proxmox": model})
    tenant = Tenant(found.tenant.id, found.tenant.name, found.tenant.tier, content, LAB)
    entry = InventoryHost(tenant, found.host.model_copy(update=change))
    context = BuildContext(Path("/state"), ("ssh-ed25519 AAAA",), None, None, verify=True)
    proxmox_host(entry, Placement(None, None), context)  # type: ignore[arg-type]


def test_a_host_whose_cluster_nobody_names_is_refused(
    declared: list[tuple[MachineSpec, Any]],
) -> None:
    with pytest.raises(InfraError, match=r"docs/providers\.md"):
        make(None)


def test_a_token_that_is_no_file_is_refused(declared: list[tuple[MachineSpec, Any]]) -> None:
    with pytest.raises(InfraError, match="file:/PATH"):
        make({**SAID, "token": "env:TOKEN"})


def test_it_is_protected_twice_until_its_line_says_otherwise(
    declared: list[tuple[MachineSpec, Any]],
) -> None:
    make(SAID)
    make(SAID, machine=OwnMachine(protect=False))
    assert [(spec.protect, opts["protect"]) for spec, opts in declared] == [
        (True, True),
        (False, False),
    ]


def test_its_site_and_disks_are_as_the_inventory_says(
    declared: list[tuple[MachineSpec, Any]],
) -> None:
    disks = {"disks": [{"id": "papers", "gib": 50}]}
    make(SAID, machine=OwnMachine.model_validate(disks))
    spec = declared[0][0]
    assert spec.token_file == "/etc/bastide/secrets/proxmox"
    assert spec.disks == (50,)
    assert (spec.interfaces[0].bridge, spec.interfaces[0].vlan) == ("vmbr0", 70)
    assert not spec.verify  # it stands behind an edge
