"""What hosts and devices are reached through when nothing is declared."""

from inventory.entries import implied_parent
from inventory.enums import Role
from inventory.load import load_estate
from inventory.model.hosts import Host
from inventory.paths import SHIPPED_ESTATES

TOWN = load_estate(SHIPPED_ESTATES / "lab").municipalities[-1]
EDGE, APP, _ = TOWN.hosts


def test_a_site_is_entered_through_its_edge() -> None:
    assert implied_parent(TOWN, APP) == "edge"
    assert {implied_parent(TOWN, device) for device in TOWN.devices} == {"edge"}


def test_another_site_is_not_entered_through_this_ones_edge() -> None:
    assert implied_parent(TOWN, APP.model_copy(update={"site": "school"})) is None


def test_edges_of_one_site_are_not_each_others_parents() -> None:
    second = Host(id="spare", site=EDGE.site, address=APP.address, roles=(Role.EDGE,))
    town = TOWN.model_copy(update={"hosts": (*TOWN.hosts, second)})

    assert implied_parent(town, EDGE) is None
    assert implied_parent(town, second) is None
