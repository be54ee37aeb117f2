"""What hosts and devices are reached through when nothing is declared."""

from typing import Any

import pytest

from inventory.entries import InventoryHost, implied_parents, tenants
from inventory.enums import Role
from inventory.load import load_estate
from inventory.model.hosts import Host
from inventory.paths import SHIPPED_ESTATES

LAB = load_estate(SHIPPED_ESTATES / "lab")
TOWN = LAB.municipalities[-1]
EDGE, APP, _ = TOWN.hosts


def test_a_site_is_entered_through_its_edge() -> None:
    assert implied_parents(TOWN, APP) == ("edge",)
    assert {implied_parents(TOWN, device) for device in TOWN.devices} == {("edge",)}


def test_another_site_is_not_entered_through_this_ones_edge() -> None:
    assert implied_parents(TOWN, APP.model_copy(update={"site": "school"})) == ()


def test_edges_of_one_site_are_its_ways_in_and_not_each_others_parents() -> None:
    second = Host(id="spare", site=EDGE.site, address=APP.address, roles=(Role.EDGE,))
    town = TOWN.model_copy(update={"hosts": (*TOWN.hosts, second)})

    assert implied_parents(town, EDGE) == ()
    assert implied_parents(town, second) == ()
    assert implied_parents(town, APP) == ("edge", "spare")


@pytest.mark.parametrize(
    ("said", "parents"),
    [
        ({}, (f"{TOWN.municipality}-edge",)),
        ({"parent": None}, (f"{TOWN.municipality}-edge",)),
        ({"parent": "velgora-switch"}, ("velgora-switch",)),
        ({"parent": ["velgora-switch", "velgora-edge"]}, ("velgora-switch", "velgora-edge")),
        ({"parent": []}, ()),
    ],
)
def test_what_is_declared_takes_the_place_of_the_edge(
    said: dict[str, Any], parents: tuple[str, ...]
) -> None:
    host = Host.model_validate({"id": "new", "site": APP.site, "address": "10.77.3.99", **said})
    tenant = next(tenant for tenant in tenants(LAB) if tenant.id == TOWN.municipality)
    assert InventoryHost(tenant, host).parents == parents
