from collections.abc import Iterator
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network

import pytest

from infra.errors import InfraError
from infra.lab import backbone, networks
from infra.lab.commands import ip, ip_json, run
from infra.lab.networks import NetworkSpec
from infra.lab.preflight import require
from tests.infra.lab.conftest import Grounds

pytestmark = pytest.mark.root


@pytest.fixture
def foreign(grounds: Grounds) -> Iterator[Grounds]:
    """The grounds while their uplink is marked as somebody else's."""
    ip("link", "set", grounds.lab.uplink, "alias", "somebody else's")
    yield grounds
    ip("link", "set", grounds.lab.uplink, "alias", grounds.lab.alias)


def behind_an_edge(grounds: Grounds) -> NetworkSpec:
    third = grounds.spec.range.network_address + 256
    return NetworkSpec("town", IPv4Network(f"{third}/24"), via=IPv4Address(grounds.address(99)))


def routes(grounds: Grounds) -> list[str]:
    rows = ip_json("route", "show", netns=grounds.lab.namespace)
    return [f"{row['dst']} via {row['gateway']}" for row in rows if "gateway" in row]


def test_a_link_of_our_name_that_is_not_ours_is_refused(foreign: Grounds) -> None:
    with pytest.raises(InfraError, match=r"somebody else's.*ip link delete"):
        backbone.ensure(foreign.lab, foreign.spec)


def test_a_range_in_use_is_refused_to_another_lab(grounds: Grounds) -> None:
    other = replace(grounds.lab, estate="other")
    with pytest.raises(InfraError, match=f"through {grounds.lab.uplink}"):
        require(other, grounds.spec.range)


def test_making_the_backbone_twice_changes_nothing(grounds: Grounds) -> None:
    before = run("ip", "-n", grounds.lab.namespace, "address"), run("ip", "route")
    backbone.ensure(grounds.lab, grounds.spec)
    networks.ensure(grounds.lab, grounds.network)
    assert (run("ip", "-n", grounds.lab.namespace, "address"), run("ip", "route")) == before


def test_a_network_behind_an_edge_is_routed_through_it(grounds: Grounds) -> None:
    town = behind_an_edge(grounds)
    networks.ensure(grounds.lab, town)
    assert f"{town.range} via {town.via}" in routes(grounds)
    networks.remove(grounds.lab, town)
    networks.remove(grounds.lab, town)
    assert f"{town.range} via {town.via}" not in routes(grounds)
    assert not networks.exists(grounds.lab, town.name)


def test_the_outer_machine_masquerades_for_the_lab_only(grounds: Grounds) -> None:
    table = run("nft", "list", "table", "ip", grounds.lab.table)
    assert f'ip saddr {grounds.spec.range} oifname != "{grounds.lab.uplink}" masquerade' in table
