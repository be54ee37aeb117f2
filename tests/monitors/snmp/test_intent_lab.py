"""The lab's simulated switches are cabled as the lab's estate wants: no alarm of its own making."""

import asyncio
from ipaddress import IPv4Address, IPv4Interface
from pathlib import Path

import pytest

from infra.components.lab_hosts import cables
from infra.lab.agent.__main__ import KINDS
from infra.lab.agent.config import AgentConfig, Link
from infra.lab.device import DeviceSpec, agent_settings
from infra.lab.layout import Lab
from inventory.entries import devices
from inventory.enums import LAB_DEVICE_KINDS, DeviceKind
from monitors.snmp.discover.compare import discover
from monitors.snmp.discover.inventory_yaml import yaml_to_paste
from monitors.snmp.discover.observed import PROFILES, observe
from monitors.snmp.intent import intent_families, intents
from monitors.snmp.poll_result import PollResult
from tests.infra.lab.agent.running import running
from tests.monitors.snmp.discover.estates import lab
from tests.monitors.snmp.polled_agents import poller, target_of

SWITCHES = [entry for entry in devices(lab()) if entry.device.kind is DeviceKind.SWITCH]


def configured(folder: Path, number: int) -> AgentConfig:
    """The settings that the lab gives the agent of a switch."""
    entry = SWITCHES[number]
    spec = DeviceSpec(
        name=entry.name,
        kind="switch",
        network="lan",
        address=IPv4Interface(f"{entry.device.address}/24"),
        user="bastide",
        auth_key_file="auth",
        priv_key_file="priv",
        ports=entry.device.ports,
        cables=cables(entry),
    )
    return AgentConfig.model_validate_json(agent_settings(Lab("lab", *[folder] * 3), spec))


def polled(folder: Path, number: int) -> PollResult:
    entry = SWITCHES[number]
    links = [link.model_dump() for link in configured(folder, number).links]

    async def ask() -> PollResult:
        device = entry.device
        async with running(folder, name=entry.name, ports=device.ports, links=links) as config:
            patient = poller(folder, attempt_seconds=2)
            return await patient.poll(target_of(folder, config), 30, PROFILES)

    return asyncio.run(ask())


def by_port(result: PollResult, metric: str) -> dict[str, float]:
    families = (family for family in result.families() if family.name == metric)
    return {labels["ifIndex"]: value for f in families for labels, value in f.samples}


@pytest.mark.parametrize("number", range(len(SWITCHES)))
def test_reality_is_as_intended(number: int, tmp_path: Path) -> None:
    result = polled(tmp_path, number)
    intent = intents(lab())[SWITCHES[number].name]
    wanted = {f.name: f.samples for f in intent_families(intent, observe(result.families()))}
    operational = by_port(result, "ifOperStatus")
    speeds = by_port(result, "ifHighSpeed")
    vlans = by_port(result, "bastide_snmp_port_vlan")
    for labels, _ in wanted["bastide_intent_port_up"]:
        assert operational[labels["ifIndex"]] == 1
    for labels, speed in wanted["bastide_intent_port_speed_bits_per_second"]:
        assert speeds[labels["ifIndex"]] * 10**6 == speed
    for labels, vlan in wanted.get("bastide_intent_port_vlan", ()):
        assert vlans[labels["ifIndex"]] == vlan
    assert {value for _, value in wanted["bastide_intent_port_missing"]} == {0}
    assert [value for _, value in wanted["bastide_intent_neighbour_matches"]] == [1]


def test_discovery_finds_nothing_to_say(tmp_path: Path) -> None:
    name = SWITCHES[0].name
    discovery = discover(lab(), {name: observe(polled(tmp_path, 0).families())})
    assert not discovery.differs, discovery.as_json()
    assert yaml_to_paste(discovery) == ""


def test_the_lab_simulates_the_kinds_that_the_inventory_lets_it() -> None:
    assert set(KINDS) == {kind.value for kind in LAB_DEVICE_KINDS}


def test_the_lab_plugs_in_what_the_estate_wants(tmp_path: Path) -> None:
    links = configured(tmp_path, 1).links
    assert [link.port for link in links] == [i.port for i in SWITCHES[1].device.intent]
    assert links[0] == Link(
        port="te1/0/48",
        vlan=1,
        neighbour="velgora-edge",
        address=IPv4Address("10.77.1.1"),
        forwards=True,
    )
