"""The exporter over the loopback estate, with a client of its HTTP interface."""

import asyncio
import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from infra.lab.agent.config import AgentConfig
from monitors.exporter.app import Exporter
from monitors.exporter.estate_watcher import EstateWatcher
from monitors.snmp.poller import Poller
from monitors.snmp.session import NetworkClient
from tests.infra.lab.agent.running import AUTH, PRIV, running
from tests.loopback import free_udp_port

ESTATE = Path(__file__).parent / "cases" / "estate"
SWITCH_ADDRESS = "127.0.71.30"

Client = TestClient[web.Request, web.Application]


def copied_estate(folder: Path) -> Path:
    """A copy of the loopback estate that a test may edit."""
    return Path(shutil.copytree(ESTATE, folder / "estate"))


def touched(file: Path, text: str) -> None:
    """Write a file so that its time is another one, whatever the clock's step."""
    before = file.stat().st_mtime_ns if file.exists() else 0
    file.write_text(text, encoding="utf-8")
    os.utime(file, ns=(before + 10**9, before + 10**9))


@asynccontextmanager
async def exporting(
    state: Path, estate: Path = ESTATE, snmp_port: int = 161, *, any_target: bool = False
) -> AsyncIterator[Client]:
    """An exporter on a free port; ``state`` gets the secrets that the agents know."""
    secrets = state / "secrets"
    secrets.mkdir(parents=True)
    (secrets / "snmp-auth").write_text(AUTH, encoding="utf-8")
    (secrets / "snmp-priv").write_text(PRIV, encoding="utf-8")
    poller = Poller(state, NetworkClient(attempt_seconds=0.2))
    exporter = Exporter(EstateWatcher(estate), state, poller, snmp_port, any_target=any_target)
    async with TestClient(TestServer(exporter.application())) as client:
        yield client


@asynccontextmanager
async def with_switch(folder: Path) -> AsyncIterator[tuple[Client, AgentConfig]]:
    """An exporter whose ``harbour-switch`` answers; nothing else does."""
    async with (
        running(
            folder,
            name="harbour-switch",
            address=SWITCH_ADDRESS,
            port=free_udp_port(SWITCH_ADDRESS),
        ) as config,
        exporting(folder / "state", snmp_port=config.port) as client,
    ):
        yield client, config


def run(scenario: Callable[[], Awaitable[Any]]) -> None:
    """Run a scenario to its end."""

    async def main() -> None:
        await scenario()

    asyncio.run(main())


def parsed_by_promtool(text: str) -> list[str]:
    """promtool's complaints about names; an unreadable text fails the test."""
    done = subprocess.run(
        ["promtool", "check", "metrics"], input=text, text=True, capture_output=True, check=False
    )
    assert "error while linting" not in done.stderr, done.stderr
    assert done.returncode in (0, 3), done.stderr
    return done.stderr.splitlines()
