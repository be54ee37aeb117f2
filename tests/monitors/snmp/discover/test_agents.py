"""Agents of many addresses: found without a secret, and asked only when they answer."""

import asyncio
import time
from dataclasses import replace
from pathlib import Path

import pytest

from inventory.model.snmp_access import SnmpAccess
from inventory.secrets import SecretError
from monitors.pace import Pace
from monitors.snmp.discover import agents
from monitors.snmp.discover.agents import COMMUNITY_KEPT, AnsweringAgent, find_agents, probes_of
from monitors.snmp.replay.agent import Access
from monitors.snmp.replay.simulated_switches import switch
from monitors.snmp.targets import SnmpTarget
from tests.infra.lab.agent.running import running
from tests.monitors.snmp.polled_agents import answering, target, target_of

WORD = "a-community-of-this-test"
SWITCH = switch("harbour-switch", Access(WORD), ports=2)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agents, "ANSWER_SECONDS", 0.4)


def with_community(folder: Path, port: int) -> SnmpTarget:
    (folder / "community").write_text(WORD)
    access = SnmpAccess.model_validate(
        {"version": "2c", "community": f"file:{folder / 'community'}"}
    )
    return replace(target(folder, port), access=access)


async def found(
    folder: Path, *wanted: SnmpTarget, send_community: bool = False
) -> dict[str, AnsweringAgent]:
    return await find_agents(wanted, folder, Pace(1000, 50), send_community=send_community)


def test_an_agent_says_what_it_is_to_the_inventorys_user(tmp_path: Path) -> None:
    async def scenario() -> dict[str, AnsweringAgent]:
        async with running(tmp_path) as config:
            return await found(tmp_path, target_of(tmp_path, config))

    (agent,) = asyncio.run(scenario()).values()
    assert agent.observed
    assert agent.observed.system == "harbour-switch"
    assert agent.problem == ""


def test_an_agent_with_other_keys_is_found_and_says_no_more(tmp_path: Path) -> None:
    async def scenario() -> dict[str, AnsweringAgent]:
        async with running(tmp_path) as config:
            (tmp_path / "other").write_text("another-passphrase")
            access = SnmpAccess(
                auth=f"file:{tmp_path / 'other'}", priv=f"file:{tmp_path / 'other'}"
            )
            return await found(tmp_path, replace(target_of(tmp_path, config), access=access))

    (agent,) = asyncio.run(scenario()).values()
    assert agent.observed is None
    assert "wrong authentication key" in agent.problem


def test_silence_and_nonsense_are_no_agents_and_end_in_time(tmp_path: Path) -> None:
    started = time.monotonic()

    async def scenario() -> dict[str, AnsweringAgent]:
        async with answering(lambda _: None) as silent, answering(lambda data: b"\xff" * 9) as odd:
            return await found(tmp_path, target(tmp_path, silent), target(tmp_path, odd))

    assert asyncio.run(scenario()) == {}
    assert time.monotonic() - started < 5


def test_a_broadcast_address_is_no_agent(tmp_path: Path) -> None:
    wanted = replace(target(tmp_path, 161), address="255.255.255.255")
    assert asyncio.run(found(tmp_path, wanted)) == {}


def test_a_community_is_not_sent_to_whoever_listens(tmp_path: Path) -> None:
    received: list[bytes] = []

    def listen(data: bytes) -> bytes | None:
        received.append(data)
        return data  # whoever wants to hear more answers something

    async def scenario() -> dict[str, AnsweringAgent]:
        async with answering(listen) as port:
            return await found(tmp_path, with_community(tmp_path, port))

    (agent,) = asyncio.run(scenario()).values()
    assert (agent.observed, agent.problem) == (None, COMMUNITY_KEPT)
    assert len(received) == 1
    assert WORD.encode() not in received[0]


def test_an_agent_that_speaks_v2c_only_is_found_when_the_community_may_be_sent(
    tmp_path: Path,
) -> None:
    def of_v2c(data: bytes) -> bytes | None:
        return SWITCH.answer(data) if WORD.encode() in data else None

    async def scenario(send: bool) -> dict[str, AnsweringAgent]:
        async with answering(of_v2c) as port:
            wanted = with_community(tmp_path, port)
            return await found(tmp_path, wanted, send_community=send)

    assert asyncio.run(scenario(False)) == {}
    (agent,) = asyncio.run(scenario(True)).values()
    assert agent.observed
    assert agent.observed.system == "harbour-switch"


def test_a_community_that_is_not_there_is_said_before_anything_is_sent(tmp_path: Path) -> None:
    received: list[bytes] = []

    async def scenario() -> None:
        async with answering(received.append) as port:
            wanted = with_community(tmp_path, port)
            (tmp_path / "community").unlink()
            await found(tmp_path, wanted, send_community=True)

    with pytest.raises(SecretError):
        asyncio.run(scenario())
    assert received == []


def test_what_is_counted_is_what_is_sent(tmp_path: Path) -> None:
    received: list[bytes] = []

    async def scenario() -> int:
        done = 0

        def count() -> None:
            nonlocal done
            done += 1

        async with answering(received.append) as port:
            wanted = [target(tmp_path, port), with_community(tmp_path, port)]
            total = sum(probes_of(each, send_community=True) for each in wanted)
            await find_agents(wanted, tmp_path, Pace(1000, 50), send_community=True, on_probe=count)
        assert total == done
        return total

    assert asyncio.run(scenario()) == len(received) == 3
