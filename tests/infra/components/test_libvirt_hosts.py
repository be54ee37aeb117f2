"""What a host of the provider libvirt is declared as, without a hypervisor to ask."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from infra.components import libvirt_hosts
from infra.components.context import BuildContext, Placement
from infra.components.libvirt_hosts import libvirt_host
from infra.errors import InfraError
from infra.libvirt.images import image_volume
from infra.libvirt.specs import ImageSpec, MachineSpec, NetworkSpec, VolumeSpec
from inventory.entries import InventoryHost, Tenant, hosts
from inventory.enums import Role, Tier
from inventory.load import load_estate
from inventory.model.hypervisors import Attachment, Libvirt, OwnMachine, Wan
from inventory.paths import SHIPPED_ESTATES
from inventory.tiers import MACHINE_SIZES
from tests.infra.test_estate import preview

LAB = load_estate(SHIPPED_ESTATES / "lab")
SUM = f"sha256:{'0' * 64}"
IMAGE = {"path": "/srv/debian.qcow2", "checksum": SUM}
PLAIN = Libvirt.model_validate({"uri": "qemu:///system", "image": IMAGE})


class Declared(dict[str, Any]):
    """What is declared instead of being handed to an engine: value and options by name."""

    def __call__(self, token: str, name: str, _estate: str, spec: Any, opts: Any) -> Any:
        self[name] = (token, spec, opts)
        return self

    def output(self, name: str) -> str:
        return name


@pytest.fixture
def declared(monkeypatch: pytest.MonkeyPatch) -> Declared:
    made = Declared()
    monkeypatch.setattr(libvirt_hosts, "declare", made)
    monkeypatch.setattr(libvirt_hosts, "ResourceOptions", lambda **options: options)
    return made


def entry(name: str, said: Libvirt | None = PLAIN, **change: Any) -> InventoryHost:
    """Return a lab host as one of a tenant with a hypervisor."""
    found = next(one for one in hosts(LAB) if one.name == name)
    content = found.tenant.content.model_copy(update={"libvirt": said})
    tenant = Tenant(found.tenant.id, found.tenant.name, found.tenant.tier, content, LAB)
    return InventoryHost(tenant, found.host.model_copy(update=change))


def make(*entries: InventoryHost) -> None:
    context = BuildContext(Path("/state"), ("ssh-ed25519 AAAA",), None, None, verify=True)
    for one in entries:
        libvirt_host(one, Placement(None, None), context)  # type: ignore[arg-type]


def test_a_host_whose_hypervisor_nobody_names_is_refused(declared: Declared) -> None:
    with pytest.raises(InfraError, match=r"docs/providers\.md"):
        make(entry("velgora-app", None))


def test_it_and_its_disks_are_protected_until_its_line_says_otherwise(declared: Declared) -> None:
    disks = {"disks": [{"id": "papers", "gib": 50}]}
    make(entry("velgora-app", machine=OwnMachine.model_validate(disks)))
    names = ("velgora-app", "velgora-app-papers")
    assert [declared[name][2]["protect"] for name in names] == [True, True]
    assert isinstance(declared["velgora-app-papers"][1], VolumeSpec)
    make(entry("velgora-app", machine=OwnMachine.model_validate({**disks, "protect": False})))
    assert [declared[name][2]["protect"] for name in names] == [False, False]


@pytest.mark.parametrize("tier", [*Tier, None])
def test_its_tier_says_how_large_it_is(tier: Tier | None, declared: Declared) -> None:
    usual = MACHINE_SIZES[tier]
    town = entry("velgora-app").tenant
    host = entry("velgora-app").host
    make(InventoryHost(Tenant(town.id, town.name, tier, town.content, LAB), host))
    spec: MachineSpec = declared["velgora-app"][1]
    assert (spec.cpus, spec.memory_mib, spec.disk_gib) == (
        usual.cpus,
        usual.memory_mib,
        usual.disk_gib,
    )


def test_its_own_line_says_it_better(declared: Declared) -> None:
    make(entry("velgora-app", memory_mib=12288, machine=OwnMachine(cpus=6, disk_gib=300)))
    spec: MachineSpec = declared["velgora-app"][1]
    assert (spec.cpus, spec.memory_mib, spec.disk_gib) == (6, 12288, 300)


def test_image_and_network_are_declared_once_a_tenant(declared: Declared) -> None:
    make(entry("velgora-app"), entry("velgora-edge"), entry("central-ops"))
    kinds = [token.rsplit(":", 1)[1] for token, _, _ in declared.values()]
    assert sorted(kinds) == [
        "Image",
        "Image",
        "Machine",
        "Machine",
        "Machine",
        "Network",
        "Network",
    ]
    image: ImageSpec = declared["velgora-image"][1]
    assert declared["velgora-app"][1].image == image_volume("lab", image.name, image.checksum)


def test_a_bridge_that_is_there_is_used_and_no_network_made(declared: Declared) -> None:
    at = PLAIN.model_copy(update={"sites": {"hall": Attachment(bridge="br7", vlan=70)}})
    make(entry("velgora-app", at))
    (lan,) = declared["velgora-app"][1].interfaces
    assert (lan.bridge, lan.vlan, lan.network) == ("br7", 70, None)
    assert not [one for one in declared.values() if isinstance(one[1], NetworkSpec)]


def test_an_edge_has_the_wan_first_and_is_its_sites_gateway(declared: Declared) -> None:
    wan = Wan.model_validate(
        {"bridge": "br0", "network": "10.77.255.0/24", "gateway": "10.77.255.1"}
    )
    edge = entry("velgora-edge", PLAIN.model_copy(update={"wan": wan}))
    assert Role.EDGE in edge.host.roles
    make(edge)
    spec: MachineSpec = declared["velgora-edge"][1]
    assert [(one.name, str(one.gateway)) for one in spec.interfaces] == [
        ("wan0", "10.77.255.1"),
        ("lan0", "None"),
    ]
    assert spec.forward
    network: NetworkSpec = declared["velgora-hall"][1]
    assert (network.forward, network.gateway) == ("isolated", None)


def test_only_what_is_reached_directly_is_waited_for(declared: Declared) -> None:
    make(entry("velgora-app"), entry("central-ops"))
    assert [declared[name][1].verify for name in ("velgora-app", "central-ops")] == [False, True]


def test_the_program_declares_them_for_a_whole_estate(tmp_path: Path) -> None:
    folder = tmp_path / "estate"
    shutil.copytree(SHIPPED_ESTATES / "pilot", folder)
    central = folder / "central.yml"
    block = f"provider: libvirt\nlibvirt:\n  uri: qemu:///system\n  image: {IMAGE}\nhosts:"
    central.write_text(central.read_text().replace("hosts:", block, 1))
    outcome, made = preview(folder, tmp_path / "state")
    assert outcome.ok, outcome.failures
    ours = {event.name: event.type for event in made if ":libvirt:" in event.type}
    assert ours["central-ops"] == "bastide:libvirt:Machine"
    assert ours["central-centre"] == "bastide:libvirt:Network"
    assert ours["central-image"] == "bastide:libvirt:Image"
