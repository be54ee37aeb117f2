"""Who looks at whom in a site: each audited host has one other, and nobody looks across sites."""

from collections import Counter
from ipaddress import ip_address
from typing import Any

from inventory.entries import hosts
from inventory.enums import Level
from inventory.load import load_estate
from inventory.model.estate import Estate
from inventory.neighbours import neighbours
from inventory.paths import SHIPPED_ESTATES

LAB = load_estate(SHIPPED_ESTATES / "lab")
APP, ADDRESS = "velgora-app", "10.77.1.10"


def with_app(**changes: Any) -> Estate:
    """Return the lab, its host velgora-app changed."""
    towns = tuple(
        town.model_copy(
            update={
                "hosts": tuple(
                    h.model_copy(update=changes) if str(h.address) == ADDRESS else h
                    for h in town.hosts
                )
            }
        )
        for town in LAB.municipalities
    )
    return LAB.model_copy(update={"municipalities": towns})


def looks(estate: Estate) -> dict[str, list[str]]:
    return {each.name: [n.host for n in neighbours(each)] for each in hosts(estate)}


def test_every_host_of_the_lab_is_looked_at_once_from_its_own_site() -> None:
    seen = looks(LAB)
    counted = Counter(name for names in seen.values() for name in names)
    assert counted == dict.fromkeys(seen, 1)
    sites = {each.name: (each.tenant.id, each.host.site) for each in hosts(LAB)}
    assert all(sites[looker] == sites[name] for looker, names in seen.items() for name in names)
    assert all(looker not in names for looker, names in seen.items())


def test_a_host_that_is_only_watched_is_not_looked_at_and_looks_at_nobody() -> None:
    estate = with_app(manage=Level.WATCH)
    seen = looks(estate)
    assert seen[APP] == []
    assert APP not in [name for names in seen.values() for name in names]


def test_one_that_is_only_read_is_looked_at_by_one_that_has_a_program() -> None:
    estate = with_app(manage=Level.AUDIT)
    seen = looks(estate)
    assert seen[APP] == []
    assert APP in [name for names in seen.values() for name in names]


def test_only_addresses_that_are_reached_without_a_router_are_tried() -> None:
    others = tuple(map(ip_address, ("10.77.200.9", "fe80::9", "10.77.1.99")))
    estate = with_app(more_addresses=others)
    (seen,) = (
        neighbour
        for each in hosts(estate)
        for neighbour in neighbours(each)
        if neighbour.host == APP
    )
    assert seen.addresses == (ADDRESS, "10.77.1.99")
    assert {port.port for port in seen.ports} >= {22, 443, 9100}
