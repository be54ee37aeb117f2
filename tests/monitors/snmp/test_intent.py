"""What the inventory wants of ports, joined with what a device answered."""

from typing import Any

import pytest

from inventory.model.devices import PortIntent
from monitors.snmp.discover.directory import directory
from monitors.snmp.discover.observed import Neighbour, ObservedDevice, Port, find_port
from monitors.snmp.intent import Intent, intent_families, intents, unknown_profiles
from tests.monitors.snmp.discover.estates import lab
from tests.monitors.snmp.discover.shown import recorded

PORTS = (Port("10101", "Gi1/0/1", "GigabitEthernet1/0/1", number="1"), Port("7", "Po7", "po7"))
EDGE = Neighbour("10101", "Gi1/0/1", system="velgora-edge")


def wanted(*ports: dict[str, Any]) -> Intent:
    return Intent("velgora", tuple(PortIntent(**port) for port in ports), directory(lab()))


def values(intent: Intent, seen: ObservedDevice) -> dict[str, dict[str, float]]:
    """The families by short name, their values by the inventory's port."""
    return {
        family.name.removeprefix("bastide_intent_"): {
            labels["port"]: value for labels, value in family.samples
        }
        for family in intent_families(intent, seen)
    }


def test_a_device_that_reported_no_interfaces_misses_none() -> None:
    assert intent_families(wanted({"port": "Gi1/0/1"}), ObservedDevice()) == ()


def test_a_port_that_is_not_there_is_missing_and_wanted_nowhere() -> None:
    intent = wanted({"port": "Gi1/0/2", "vlan": 5, "speed_mbps": 100, "neighbour": "velgora-edge"})
    assert values(intent, ObservedDevice(ports=PORTS, neighbours=())) == {
        "port_missing": {"Gi1/0/2": 1}
    }


def test_of_a_table_cut_short_nothing_is_missing() -> None:
    assert values(wanted({"port": "Gi1/0/2"}), ObservedDevice(ports=PORTS, complete=False)) == {}


def test_a_name_that_fits_two_interfaces_is_missing() -> None:
    twice = (Port("1", "eth", ""), Port("2", "eth", ""))
    assert values(wanted({"port": "eth"}), ObservedDevice(ports=twice)) == {
        "port_missing": {"eth": 1}
    }


@pytest.mark.parametrize(
    ("name", "index"),
    [
        ("Gi1/0/1", "10101"),
        ("gi1/0/1", "10101"),
        ("GIGABITETHERNET1/0/1", "10101"),
        ("1", "10101"),
        ("10101", "10101"),
        ("7", "7"),
    ],
)
def test_ports_are_found_by_name_description_bridge_number_and_index(name: str, index: str) -> None:
    assert [port.index for port in find_port(name, PORTS)] == [index]


def test_a_name_goes_before_a_number() -> None:
    assert find_port("2", (Port("2", "1", ""), Port("1", "2", "")))[0].index == "1"


def test_without_lldp_nothing_is_said_of_neighbours() -> None:
    intent = wanted({"port": "1", "neighbour": "velgora-edge"})
    assert "neighbour_matches" not in values(intent, ObservedDevice(ports=PORTS, neighbours=None))


@pytest.mark.parametrize(
    ("neighbours", "matches"),
    [
        ((), 0),
        ((EDGE,), 1),
        ((Neighbour("7", "Po7", system="velgora-edge"),), 0),
        ((Neighbour("10101", "Gi1/0/1", system="velgora-app"),), 0),
        ((Neighbour("10101", "Gi1/0/1", addresses=("10.77.1.1",)),), 1),
        ((Neighbour("10101", "Gi1/0/1", system="a telephone"), EDGE), 1),
    ],
)
def test_a_neighbour_matches_where_it_is_seen_on_its_port(
    neighbours: tuple[Neighbour, ...], matches: int
) -> None:
    intent = wanted({"port": "1", "neighbour": "velgora-edge"})
    metrics = values(intent, ObservedDevice(ports=PORTS, neighbours=neighbours))
    assert metrics["neighbour_matches"] == {"1": matches}


def test_a_port_that_need_not_be_up_is_matched_but_not_wanted_up() -> None:
    metrics = values(wanted({"port": "1", "up": False, "vlan": 9}), ObservedDevice(ports=PORTS))
    assert metrics == {"port_missing": {"1": 0}, "port_vlan": {"1": 9}}


def test_the_recorded_switch_has_what_the_lab_wants() -> None:
    samples = {
        f.name: f.samples for f in intent_families(intents(lab())["velgora-switch"], recorded())
    }
    own = {"ifIndex": "48", "ifName": "te1/0/48", "port": "te1/0/48"}
    assert ({**own, "uplink": "yes"}, 1) in samples["bastide_intent_port_up"]
    assert (own, 10**10) in samples["bastide_intent_port_speed_bits_per_second"]
    assert (own, 1) in samples["bastide_intent_port_vlan"]
    edge = {**own, "neighbour": "velgora-edge"}
    assert samples["bastide_intent_neighbour_matches"] == ((edge, 1),)
    assert {value for _, value in samples["bastide_intent_port_missing"]} == {0}


def test_only_devices_with_intent_have_one() -> None:
    assert set(intents(lab())) == {"velgora-switch", "kastrava-switch"}


def test_profiles_that_do_not_exist_are_reported_with_the_device() -> None:
    estate = lab()
    town = estate.municipalities[-1]
    pinned = town.devices[0].model_copy(update={"profiles": ("system", "systen")})
    town = town.model_copy(update={"devices": (pinned,)})
    lines = unknown_profiles(estate.model_copy(update={"municipalities": (town,)}), ["system"])
    assert [text.partition(";")[0] for text in lines] == [
        "velgora-switch: there is no SNMP profile 'systen'"
    ]
