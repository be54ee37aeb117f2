"""What is written to be pasted is valid inventory, whatever the network said."""

import tempfile
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from inventory.entries import devices
from inventory.enums import DeviceKind
from inventory.model.devices import Device, PortIntent
from monitors.snmp.discover.compare import discover
from monitors.snmp.discover.device_kind import guess_kind
from monitors.snmp.discover.inventory_yaml import yaml_to_paste
from monitors.snmp.discover.observed import (
    ADDRESS,
    INTERFACE,
    NEIGHBOUR,
    Neighbour,
    ObservedDevice,
    Port,
    observe,
)
from monitors.snmp.discover.report_rows import rows
from monitors.snmp.metric_families import Family, Sample
from tests.monitors.snmp.discover.estates import lab, pasted
from tests.monitors.snmp.discover.shown import recorded

HOSTILE = (
    "\n  - id: owned\n    kind: ups",
    "\x1b[2J\x1b]0;owned\x07",
    "# '\"\\{}[]:&*!|>%@`",
    "\u2028\u0085\ufeff\u202e",
    "!!python/object/apply:os.system ['id']",
    "[bold red]x[/bold red]",
    "",
    "🎛 уређај",
)


def switch_with_neighbour(
    system: str, description: str = "", port: str = "gi1/0/9", chassis: str = "x"
) -> ObservedDevice:
    """A switch with one interface and one neighbour that says this of itself."""
    row = {"lldpLocalPort": "9", "lldpRemIndex": "1"}
    said = {
        **row,
        "ifIndex": "9",
        "ifName": port,
        "chassis": chassis,
        "system": system,
        "description": description,
        "capabilities": "bridge",
    }
    return observe(
        (
            Family(INTERFACE, "", "gauge", (Sample({"ifIndex": "9", "ifName": port}, 1),)),
            Family(NEIGHBOUR, "", "gauge", (Sample(said, 1),)),
            Family(ADDRESS, "", "gauge", (Sample({**row, "address": "10.77.1.66"}, 1),)),
        )
    )


def added(text: str) -> dict[str, str]:
    with tempfile.TemporaryDirectory() as folder:
        before = {entry.name for entry in devices(lab())}
        after = devices(pasted(Path(folder), text))
        return {p.name: p.device.kind.value for p in after if p.name not in before}


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_adds_one_device_and_nothing_else(text: str) -> None:
    shown = switch_with_neighbour(text, text, port=f"9{text}", chassis=text or "x")
    discovery = discover(lab(), {"velgora-switch": shown})
    assert list(added(yaml_to_paste(discovery)).values()) in (["switch"], ["ups"])
    assert all(cell.isprintable() for row in rows(discovery) for cell in row)


@settings(max_examples=40)
@given(st.text(max_size=80), st.text(max_size=80), st.text(min_size=1, max_size=30))
def test_any_text_is_valid_inventory(system: str, description: str, port: str) -> None:
    discovery = discover(
        lab(), {"velgora-switch": switch_with_neighbour(system, description, port)}
    )
    text = yaml_to_paste(discovery)
    assert all(line.isprintable() for line in text.split("\n"))
    for block in text.split("\n\n"):
        for entry in yaml.safe_load(block) or ():
            (Device if "id" in entry else PortIntent).model_validate(entry)


@pytest.mark.parametrize(
    ("system", "own_id"),
    [
        ("AP Hall.velgora.lab.test", "ap-hall"),
        ("velgora-attic", "attic"),
        ("3com", "switch-3com"),
        ("10.77.1.66", "switch-2"),
        ("aa:bb:cc:dd:ee:ff", "switch-2"),
        ("--__--", "switch-2"),
        ("уређај", "switch-2"),
        ("x" * 300, "x" * 27),
        ("UPS!", "ups-2"),
        ("files!", "files-2"),
        ("TRUE", '"true"'),
        ("No", '"no"'),
    ],
)
def test_ids_are_legal_and_unused(system: str, own_id: str) -> None:
    text = yaml_to_paste(discover(lab(), {"velgora-switch": switch_with_neighbour(system)}))
    assert f"- id: {own_id}\n" in text


def test_the_same_neighbour_seen_twice_is_added_once() -> None:
    twice = Neighbour("1", "a", chassis="aa:bb", system="new", addresses=("10.77.1.66",))
    again = Neighbour("2", "b", chassis="AA:BB", system="new", addresses=("10.77.1.66",))
    text = yaml_to_paste(
        discover(lab(), {"velgora-switch": ObservedDevice(neighbours=(twice, again))})
    )
    assert text.count("- id: new") == 1


def test_without_an_address_of_the_estate_it_is_only_a_comment() -> None:
    for addresses in ((), ("192.0.2.1",), ("2001:db8::1",)):
        shown = ObservedDevice(neighbours=(Neighbour("1", "a", system="new", addresses=addresses),))
        text = yaml_to_paste(discover(lab(), {"velgora-switch": shown}))
        assert yaml.safe_load(text) is None
        assert "Not ready: it tells no address in a network of the estate." in text


def test_the_address_tells_the_municipality() -> None:
    shown = ObservedDevice(
        neighbours=(Neighbour("1", "a", system="new switch", addresses=("10.77.2.9",)),)
    )
    text = yaml_to_paste(discover(lab(), {"velgora-switch": shown}))
    assert added(text) == {"kastrava-new-switch": "switch"}


def test_telephones_and_what_says_nothing_get_no_kind() -> None:
    telephone = Neighbour("1", "a", description="IP phone", capabilities=("bridge", "telephone"))
    assert guess_kind(telephone) is None
    assert guess_kind(Neighbour("1", "a", capabilities=("stationOnly",))) is None


@pytest.mark.parametrize(
    ("description", "capabilities", "kind"),
    [
        ("FortiGate-60F v7.2", ("bridge", "router"), DeviceKind.FIREWALL),
        ("MikroTik RouterOS 7.14 hEX S", ("bridge", "router"), DeviceKind.ROUTER),
        ("ProCurve J9298A Switch 2520G-8-PoE", ("bridge",), DeviceKind.SWITCH),
        ("Layer 3", ("bridge", "router"), DeviceKind.SWITCH),
        ("", ("wlanAccessPoint", "bridge"), DeviceKind.ACCESS_POINT),
        ("AXIS P3245 network camera", ("stationOnly",), DeviceKind.CAMERA),
        ("Synology DiskStation", (), DeviceKind.STORAGE),
    ],
)
def test_kinds_are_guessed_from_words_then_from_capabilities(
    description: str, capabilities: tuple[str, ...], kind: DeviceKind
) -> None:
    neighbour = Neighbour("1", "a", description=description, capabilities=capabilities)
    guessed = guess_kind(neighbour)
    assert guessed is not None
    assert guessed[0] is kind


def test_two_neighbours_on_a_port_are_no_link() -> None:
    two = tuple(Neighbour("11", "gi1/0/11", system=f"velgora-{name}") for name in ("app", "files"))
    shown = ObservedDevice(ports=(Port("11", "gi1/0/11", ""),), neighbours=two)
    assert yaml_to_paste(discover(lab(), {"velgora-switch": shown})) == ""


@pytest.mark.parametrize("port", ["49", "0", "\u0661\u0662\u0663", "\x01" * 100])
def test_a_port_name_that_the_inventory_refuses_is_only_a_comment(port: str) -> None:
    shown = switch_with_neighbour("velgora-app", port=port)
    text = yaml_to_paste(discover(lab(), {"velgora-switch": shown}))
    assert "no name of a port" in text
    assert yaml.safe_load(text) is None


def test_names_of_ports_that_differ_by_case_alone_are_one() -> None:
    both = tuple(Neighbour(i, n, system="velgora-app") for i, n in (("7", "a"), ("8", "A")))
    text = yaml_to_paste(discover(lab(), {"velgora-switch": ObservedDevice(neighbours=both)}))
    assert text.count("- port") == 1


def test_nothing_is_written_when_all_is_as_it_should_be() -> None:
    edge = Neighbour("48", "te1/0/48", system="velgora-edge")
    shown = ObservedDevice(ports=(Port("48", "te1/0/48", ""),), neighbours=(edge,))
    assert yaml_to_paste(discover(lab(), {"velgora-switch": shown})) == ""


def test_the_recorded_switchs_links_and_strangers_are_valid_when_pasted(tmp_path: Path) -> None:
    text = yaml_to_paste(discover(lab(), {"velgora-switch": recorded()}))
    estate = pasted(tmp_path, text)
    switch = next(p for p in devices(estate) if p.name == "velgora-switch").device
    links = {intent.port: intent.neighbour for intent in switch.intent if intent.neighbour}
    assert links == {
        "gi1/0/7": "velgora-ap-hall",
        "gi1/0/8": "velgora-ups",
        "gi1/0/9": "velgora-switch-2",
        "gi1/0/11": "velgora-app",
        "te1/0/48": "velgora-edge",
    }
    fresh = {p.name: p.device for p in devices(estate)}
    assert fresh["velgora-ap-hall"].kind is DeviceKind.ACCESS_POINT
    assert str(fresh["velgora-ap-hall"].address) == "10.77.1.50"


def test_a_device_without_intent_gets_one(tmp_path: Path) -> None:
    shown = ObservedDevice(
        ports=(Port("1", "eth0", ""),), neighbours=(Neighbour("1", "eth0", system="aynzuhur-edge"),)
    )
    text = yaml_to_paste(discover(lab(), {"aynzuhur-ups": shown}))
    assert text.splitlines()[:2] == ["# municipalities/aynzuhur.yml, device ups", "    intent:"]
    assert "uplink: true # a guess" in text
    assert yaml.safe_load(text)["intent"][0]["neighbour"] == "aynzuhur-edge"
