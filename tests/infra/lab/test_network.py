from collections.abc import Iterator
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network

import pytest

from infra.errors import InfraError
from infra.lab import backbone, networks
from infra.lab.commands import ip, ip_json, run
from infra.lab.networks import NetworkSpec
from infra.lab.preflight import require
from tests.infra.lab.own_lab import OwnLab

pytestmark = pytest.mark.root


@pytest.fixture
def foreign(own_lab: OwnLab) -> Iterator[OwnLab]:
    """The own lab while its uplink is marked as somebody else's."""
    ip("link", "set", own_lab.lab.uplink, "alias", "somebody else's")
    yield own_lab
    ip("link", "set", own_lab.lab.uplink, "alias", own_lab.lab.alias)


def behind_an_edge(own_lab: OwnLab) -> NetworkSpec:
    third = own_lab.spec.range.network_address + 256
    return NetworkSpec("town", IPv4Network(f"{third}/24"), via=IPv4Address(own_lab.address(99)))


def routes(own_lab: OwnLab) -> list[str]:
    rows = ip_json("route", "show", netns=own_lab.lab.namespace)
    return [f"{row['dst']} via {row['gateway']}" for row in rows if "gateway" in row]


def addresses_and_routes(own_lab: OwnLab) -> tuple[str, str]:
    """Return what is ours: the kernel's IPv6 addresses settle, and other labs have their routes."""
    lab = own_lab.lab
    return (
        run("ip", "-4", "-n", lab.namespace, "address"),
        run("ip", "route", "show", "dev", lab.uplink),
    )


def test_a_link_of_our_name_that_is_not_ours_is_refused(foreign: OwnLab) -> None:
    with pytest.raises(InfraError, match=r"somebody else's.*ip link delete"):
        backbone.ensure(foreign.lab, foreign.spec)


def test_a_range_in_use_is_refused_to_another_lab(own_lab: OwnLab) -> None:
    other = replace(own_lab.lab, estate="other")
    with pytest.raises(InfraError, match=f"through {own_lab.lab.uplink}"):
        require(other, own_lab.spec.range)


def test_making_the_backbone_twice_changes_nothing(own_lab: OwnLab) -> None:
    before = addresses_and_routes(own_lab)
    backbone.ensure(own_lab.lab, own_lab.spec)
    networks.ensure(own_lab.lab, own_lab.network)
    assert addresses_and_routes(own_lab) == before


def test_a_network_behind_an_edge_is_routed_through_it(own_lab: OwnLab) -> None:
    town = behind_an_edge(own_lab)
    networks.ensure(own_lab.lab, town)
    assert f"{town.range} via {town.via}" in routes(own_lab)
    networks.remove(own_lab.lab, town)
    networks.remove(own_lab.lab, town)
    assert f"{town.range} via {town.via}" not in routes(own_lab)
    assert not networks.exists(own_lab.lab, town.name)


def test_the_outer_machine_masquerades_for_the_lab_only(own_lab: OwnLab) -> None:
    table = run("nft", "list", "table", "ip", own_lab.lab.table)
    assert f'ip saddr {own_lab.spec.range} oifname != "{own_lab.lab.uplink}" masquerade' in table
