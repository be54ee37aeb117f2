"""A simulated agent running in the test's own event loop, and clients to ask it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from gufo.snmp import Aes128Key, Sha1Key, User
from gufo.snmp.aio import SnmpSession

from infra.lab.agent.__main__ import KINDS
from infra.lab.agent.config import AgentConfig
from infra.lab.agent.control import Control
from infra.lab.agent.objects import Moment
from infra.lab.agent.responder import Lookup, Source, serve
from tests.loopback import free_udp_port

AUTH, PRIV = "correct-horse-auth", "correct-horse-priv"
ADDRESS = "127.0.0.1"


def settings(folder: Path, **changes: Any) -> dict[str, Any]:
    """An agent's configuration file as data; its secrets are written to ``folder``."""
    (folder / "auth").write_text(AUTH + "\n", encoding="utf-8")
    (folder / "priv").write_text(PRIV, encoding="utf-8")
    return {
        "name": "harbour-switch",
        "kind": "switch",
        "address": ADDRESS,
        "port": free_udp_port(),
        "ports": 48,
        "user": "bastide",
        "auth_key_file": str(folder / "auth"),
        "priv_key_file": str(folder / "priv"),
        "location": "Quay 1",
        "contact": "it@harbour.test",
    } | changes


@asynccontextmanager
async def running(
    folder: Path,
    source: Source | None = None,
    now: Callable[[], Moment] | None = None,
    **changes: Any,
) -> AsyncIterator[AgentConfig]:
    """An agent of that kind, or one that answers from ``source`` at the moments of ``now``."""
    config = AgentConfig.model_validate(settings(folder, **changes))
    stop = asyncio.Event()
    ready = asyncio.Event()
    moments = now or Control(config.state_file, boots=7).moment

    def first_moment() -> Moment:
        ready.set()
        return moments()

    agent = asyncio.create_task(
        serve(
            config, (AUTH, PRIV), source or Lookup(KINDS[config.kind](config)), first_moment, stop
        )
    )
    await asyncio.wait({agent, asyncio.create_task(ready.wait())}, return_when="FIRST_COMPLETED")
    try:
        yield config
    finally:
        stop.set()
        await agent


def user(name: str = "bastide", auth: str = AUTH, priv: str = PRIV) -> User:
    """An SNMPv3 user as the agents know it, or nearly."""
    return User(name, auth_key=Sha1Key(auth.encode()), priv_key=Aes128Key(priv.encode()))


@asynccontextmanager
async def asking(config: AgentConfig, who: User | None = None) -> AsyncIterator[SnmpSession]:
    """A session of the independent client library."""
    async with SnmpSession(
        str(config.address), config.port, user=who or user(), timeout=1.0
    ) as session:
        yield session
