"""The lab's simulated devices tell of a pulled cable and of failing mains, and are heard."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from infra.lab.agent.__main__ import KINDS
from infra.lab.agent.config import AgentConfig
from infra.lab.agent.control import Control
from infra.lab.agent.notifier import Notifier
from tests.infra.lab.agent.running import AUTH, PRIV, settings
from tests.monitors.snmp.traps import receiving as r


@asynccontextmanager
async def telling(folder: Path, receiver: r.Receiving, **changes: object) -> AsyncIterator[Path]:
    """A device whose notifier runs; the path is that of its state file."""
    state = folder / "device.state"
    destination = {"notify": r.HERE, "notify_port": receiver.port, "state_file": str(state)}
    config = AgentConfig.model_validate(settings(folder, **destination, **changes))
    now = Control(config.state_file, boots=7).moment
    task = asyncio.create_task(Notifier(config, (AUTH, PRIV), KINDS[config.kind](config)).run(now))
    try:
        yield state
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


@pytest.mark.parametrize("kind", ["inform", "trap"])
async def test_a_switch_is_heard(tmp_path: Path, kind: str) -> None:
    async with (
        r.receiving(tmp_path) as x,
        telling(tmp_path, x, address=r.SWITCH, notify_kind=kind) as state,
    ):
        await x.until("accepted", 1)
        state.write_text(json.dumps({"ports_down": [48]}), encoding="utf-8")
        await x.until("accepted", 2)
        state.unlink()
        await x.until("accepted", 3)
        device = {"municipality": "harbour", "device": "harbour-switch"}
        for trap in ("coldStart", "linkDown", "linkUp"):
            assert x.count("bastide_snmp_traps_total", **device, trap=trap) == 1


async def test_a_ups_is_heard(tmp_path: Path) -> None:
    async with (
        r.receiving(tmp_path) as x,
        telling(tmp_path, x, address=r.UPS, kind="ups", name="harbour-ups") as state,
    ):
        await x.until("accepted", 1)
        state.write_text(json.dumps({"on_battery": True}), encoding="utf-8")
        await x.until("accepted", 2)
        state.write_text("{}", encoding="utf-8")
        await x.until("accepted", 3)
        device = {"municipality": "harbour", "device": "harbour-ups"}
        for trap in ("upsTrapOnBattery", "upsTrapAlarmEntryRemoved"):
            assert x.count("bastide_snmp_traps_total", **device, trap=trap) == 1
