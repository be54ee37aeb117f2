"""What devices say of each other against the inventory: what differs is listed, nothing trusted."""

import json

import pytest

from inventory.entries import devices
from inventory.model.devices import PortIntent
from monitors.snmp.discover.compare import Discovery, Verdict, discover
from monitors.snmp.discover.observed import Neighbour, ObservedDevice, Port
from monitors.snmp.discover.report_rows import HEADINGS, rows
from tests.monitors.snmp.discover.estates import lab
from tests.monitors.snmp.discover.shown import recorded

UPLINK = Port("48", "te1/0/48", "Port 48")
EDGE = Neighbour("48", "te1/0/48", chassis="02:00:00:00:00:99", system="velgora-edge")


def of_switch(shown: ObservedDevice) -> Discovery:
    return discover(lab(), {"velgora-switch": shown})


def of_neighbour(neighbour: Neighbour) -> tuple[Verdict, str | None]:
    met = of_switch(ObservedDevice(ports=(UPLINK,), neighbours=(neighbour,))).met[0]
    return met.verdict, met.name


def test_a_device_without_lldp_is_mute_and_misses_nobody() -> None:
    discovery = of_switch(ObservedDevice(ports=(UPLINK,), neighbours=None))
    assert discovery.mute == ("velgora-switch",)
    assert discovery.not_seen == ()
    assert not discovery.differs


def test_devices_that_did_not_answer_are_reported() -> None:
    assert "velgora-ups" in of_switch(ObservedDevice()).unanswered


def test_a_declared_neighbour_that_is_gone_is_missed() -> None:
    lost = of_switch(ObservedDevice(ports=(UPLINK,), neighbours=())).not_seen
    assert [(each.port, each.neighbour, each.port_exists) for each in lost] == [
        ("te1/0/48", "velgora-edge", True)
    ]


def test_a_port_that_the_device_does_not_have_is_reported_as_such() -> None:
    lost = of_switch(ObservedDevice(ports=(Port("1", "gi1/0/1", ""),), neighbours=())).not_seen
    assert [each.port_exists for each in lost] == [False]


def test_a_neighbour_in_the_wrong_port_is_reported_with_both_ports() -> None:
    wrong = Port("47", "te1/0/47", "Port 47")
    there = Neighbour("47", "te1/0/47", system="velgora-edge")
    other = Neighbour("48", "te1/0/48", system="a stranger")
    lost = of_switch(ObservedDevice(ports=(UPLINK, wrong), neighbours=(there, other))).not_seen[0]
    assert (lost.instead, lost.elsewhere) == (("a stranger",), ("te1/0/47",))


@pytest.mark.parametrize("says", ["kastrava-switch", "switch.kastrava.lab.test", "MikroTik"])
def test_a_device_with_another_name_is_reported(says: str) -> None:
    assert [each.says for each in of_switch(ObservedDevice(system=says)).other_names] == [says]


@pytest.mark.parametrize(
    "says", ["", "velgora-switch", "VELGORA-SWITCH", "switch.velgora.lab.test", "switch"]
)
def test_a_devices_own_names_are_no_finding(says: str) -> None:
    assert of_switch(ObservedDevice(system=says)).other_names == ()


def test_a_neighbour_that_nobody_knows_is_unknown() -> None:
    stranger = Neighbour("48", "te1/0/48", chassis="aa:bb:cc:dd:ee:ff", addresses=("10.77.1.9",))
    assert of_neighbour(stranger) == (Verdict.UNKNOWN, None)


def test_a_nameless_neighbour_without_address_is_unknown_not_everybody() -> None:
    assert of_neighbour(Neighbour("48", "te1/0/48")) == (Verdict.UNKNOWN, None)


@pytest.mark.parametrize(
    "neighbour",
    [
        EDGE,
        Neighbour("48", "x", system="edge.velgora.lab.test"),
        Neighbour("48", "x", system="Edge"),
        Neighbour("48", "x", system="renamed", addresses=("10.77.1.1",)),
        Neighbour("48", "x", system="velgora-edge", addresses=("10.77.255.11",)),
        Neighbour("48", "x", system="velgora-edge", addresses=("fd00::1",)),
    ],
)
def test_a_neighbour_is_known_by_name_or_address(neighbour: Neighbour) -> None:
    assert of_neighbour(neighbour) == (Verdict.RIGHT, "velgora-edge")


def test_an_id_alone_means_the_one_of_the_same_municipality() -> None:
    shown = ObservedDevice(neighbours=(Neighbour("1", "1", system="edge"),))
    assert discover(lab(), {"kastrava-switch": shown}).met[0].name == "kastrava-edge"


def test_a_known_neighbour_at_another_address_is_reported_with_both() -> None:
    moved = Neighbour("48", "x", system="velgora-edge", addresses=("10.9.9.9",))
    met = of_switch(ObservedDevice(neighbours=(moved,))).met[0]
    assert met.verdict is Verdict.OTHER_ADDRESS
    assert met.expected_addresses == ("10.77.1.1", "10.77.255.11")


def test_devices_are_known_by_the_hardware_that_they_answered() -> None:
    ups = ObservedDevice(system="APC", ports=(Port("1", "eth0", "", hardware="02:AA:00:00:00:01"),))
    seen_it = Neighbour("6", "gi1/0/6", chassis="02:aa:00:00:00:01", system="APC")
    discovery = discover(
        lab(), {"velgora-ups": ups, "velgora-switch": ObservedDevice(neighbours=(seen_it,))}
    )
    assert discovery.met[0].name == "velgora-ups"


def test_a_factorys_name_on_two_devices_tells_neither_apart() -> None:
    both = {name: ObservedDevice(system="MikroTik") for name in ("velgora-ups", "kastrava-ups")}
    shown = ObservedDevice(neighbours=(Neighbour("6", "gi1/0/6", system="MikroTik"),))
    assert discover(lab(), {**both, "velgora-switch": shown}).met[0].name is None


def test_the_recorded_switch_is_compared_whole() -> None:
    discovery = of_switch(recorded())
    verdicts = {met.port: (met.verdict.value, met.name) for met in discovery.met}
    assert verdicts == {
        "gi1/0/7": ("unknown", None),
        "gi1/0/8": ("other_address", "velgora-ups"),
        "gi1/0/9": ("unknown", None),
        "gi1/0/10": ("unknown", None),
        "gi1/0/11": ("right", "velgora-app"),
        "te1/0/48": ("right", "velgora-edge"),
    }
    assert discovery.not_seen == ()
    assert discovery.differs


def test_rows_and_json_hold_nothing_that_does_not_print() -> None:
    discovery = of_switch(recorded())
    shown = rows(discovery)
    assert {len(row) for row in shown} == {len(HEADINGS)}
    assert all(cell.isprintable() for row in shown for cell in row)
    assert json.loads(json.dumps(discovery.as_json()))["met"]


def test_intent_is_of_the_estate_that_ships() -> None:
    switch = next(d for d in devices(lab()) if d.name == "velgora-switch")
    assert switch.device.intent[0] == PortIntent(
        port="te1/0/48", uplink=True, speed_mbps=10000, vlan=1, neighbour="velgora-edge"
    )
