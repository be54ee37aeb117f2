"""In which order an estate is rebuilt: nobody before what it needs, the dearest loss first."""

from collections.abc import Mapping

import pytest

from inventory.entries import hosts
from inventory.enums import Continuity, Role
from inventory.load import load_estate
from inventory.model.estate import Estate
from inventory.paths import SHIPPED_ESTATES
from inventory.rebuild_order import Stage, Wave, waves


@pytest.fixture(scope="module")
def lab() -> Estate:
    return load_estate(SHIPPED_ESTATES / "lab")


def changed(estate: Estate, changes: Mapping[str, Mapping[str, object]]) -> Estate:
    """Velgora with other values of its hosts, by their ids."""
    towns = []
    for town in estate.municipalities:
        if town.municipality == "velgora":
            new = tuple(
                host.model_copy(update=dict(changes.get(host.id, {}))) for host in town.hosts
            )
            town = town.model_copy(update={"hosts": new})
        towns.append(town)
    return estate.model_copy(update={"municipalities": tuple(towns)})


def names(found: tuple[Wave, ...]) -> list[list[str]]:
    return [[entry.name for entry, _ in wave.hosts] for wave in found]


def test_every_host_is_in_one_wave(lab: Estate) -> None:
    found = [name for wave in names(waves(lab)) for name in wave]
    assert sorted(found) == sorted(entry.name for entry in hosts(lab))


def test_networks_come_first_then_copies_then_databases_then_the_rest(lab: Estate) -> None:
    found = waves(lab)
    assert [wave.stage for wave in found] == [
        Stage.NETWORK, Stage.KEYS, Stage.DATABASES, Stage.APPLICATIONS,
    ]  # fmt: skip
    assert [wave.number for wave in found] == [1, 2, 3, 4]
    assert names(found)[0] == ["aynzuhur-edge", "kastrava-edge", "velgora-edge"]
    assert names(found)[1] == ["central-ops", "central-vault"]
    assert names(found)[3] == ["central-scratch", "velgora-files"]


def test_a_resolver_of_its_own_comes_before_databases(lab: Estate) -> None:
    found = waves(changed(lab, {"files": {"roles": (Role.RESOLVER, Role.FILE_SERVER)}}))
    assert [wave.stage for wave in found][2] is Stage.NAMES
    assert names(found)[2] == ["velgora-files"]


def test_a_host_comes_after_the_one_that_it_is_reached_through(lab: Estate) -> None:
    behind = {"app": {"parent": ("velgora-files",)}}
    order = [name for wave in names(waves(changed(lab, behind))) for name in wave]
    assert order.index("velgora-files") < order.index("velgora-app")


def test_of_several_ways_the_one_that_stands_first_is_enough(lab: Estate) -> None:
    behind = {"app": {"parent": ("velgora-files", "velgora-edge")}}
    assert "velgora-app" in names(waves(changed(lab, behind)))[2]


def test_a_ring_that_is_entered_somewhere_ends(lab: Estate) -> None:
    ring: dict[str, dict[str, object]] = {
        "app": {"parent": ("velgora-files", "velgora-edge")},
        "files": {"parent": ("velgora-app",)},
    }
    order = [name for wave in names(waves(changed(lab, ring))) for name in wave]
    assert order.index("velgora-edge") < order.index("velgora-app") < order.index("velgora-files")


def test_in_a_wave_the_dearest_loss_comes_first_and_a_way_is_as_dear_as_what_is_behind_it(
    lab: Estate,
) -> None:
    town = next(one for one in lab.municipalities if one.municipality == "velgora")
    service = town.services[0].model_copy(update={"continuity": Continuity.A})
    towns = tuple(
        one.model_copy(update={"services": (service,)}) if one is town else one
        for one in lab.municipalities
    )
    found = waves(lab.model_copy(update={"municipalities": towns}))
    assert names(found)[0][0] == "velgora-edge"
    assert names(found)[2][0] == "velgora-app"
    assert {promise.continuity for _, promise in found[1].hosts} == {Continuity.A}
    assert found[3].hosts[0][1].continuity is Continuity.C


def test_one_town_is_rebuilt_with_central(lab: Estate) -> None:
    found = waves(lab, frozenset({"central", "kastrava"}))
    assert {entry.tenant.id for wave in found for entry, _ in wave.hosts} == {"central", "kastrava"}
