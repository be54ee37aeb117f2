"""A trap polls its device at once; one from an unknown device polls nothing."""

import asyncio
import logging
from pathlib import Path

import pytest

from monitors.exporter.trap_poller import TrapPoller
from monitors.snmp.traps.trap import Trap
from tests.infra.lab.agent.running import running
from tests.monitors.snmp.polled_agents import poller, target_of


def trap(device: str) -> Trap:
    return Trap(device, "harbour", "linkDown", "1.3.6.1.6.3.1.1.5.3", (), 0.0)


def counted(trap_poller: TrapPoller) -> dict[tuple[str, str], float]:
    (family,) = trap_poller.collect()
    return {(s.labels["device"], s.labels["result"]): s.value for s in family.samples}


async def settled(trap_poller: TrapPoller) -> None:
    while trap_poller.busy:
        await asyncio.sleep(0.01)


def test_a_device_that_left_the_inventory_is_not_asked(tmp_path: Path) -> None:
    async def scenario() -> None:
        trap_poller = TrapPoller(poller(tmp_path), dict)
        trap_poller.on_trap(trap("harbour-switch"))
        await settled(trap_poller)
        assert counted(trap_poller) == {}

    asyncio.run(scenario())


def test_a_device_that_does_not_answer_is_counted(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with running(tmp_path) as config:
            target = target_of(tmp_path, config)
        trap_poller = TrapPoller(poller(tmp_path), lambda: {"harbour-switch": target})
        trap_poller.on_trap(trap("harbour-switch"))
        await settled(trap_poller)
        assert counted(trap_poller) == {("harbour-switch", "failure"): 1}

    asyncio.run(scenario())


def test_what_changed_is_reported_at_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    state = tmp_path / "state.json"
    caplog.set_level(logging.INFO, "monitors.exporter.trap_poller")

    async def scenario() -> None:
        async with running(tmp_path, state_file=str(state)) as config:
            patient, target = poller(tmp_path), target_of(tmp_path, config)
            trap_poller = TrapPoller(patient, lambda: {"harbour-switch": target})
            trap_poller.record(await patient.poll(target, 20))
            state.write_text('{"ports_down": [48]}', encoding="utf-8")
            trap_poller.on_trap(trap("harbour-switch"))
            await settled(trap_poller)
            assert counted(trap_poller) == {("harbour-switch", "success"): 1}

    asyncio.run(scenario())
    assert "polled after linkDown: te1/0/48 is down" in caplog.text
