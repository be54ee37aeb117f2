"""A column that an agent answers with garbage, or never, costs itself alone, and costs it once."""

import asyncio
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from inventory.enums import SnmpVersion
from inventory.model.snmp_access import SnmpAccess
from monitors.snmp import dead_objects, oid
from monitors.snmp.client import Agent, Community, NoAnswerError, User
from monitors.snmp.poll_result import PollResult
from monitors.snmp.poller import Poller
from monitors.snmp.replay.agent import Access
from monitors.snmp.replay.simulated_switches import switch
from monitors.snmp.session import NetworkClient
from monitors.snmp.targets import SnmpTarget
from monitors.snmp.wire import community_message, pdu
from tests.infra.lab.agent.running import ADDRESS
from tests.monitors.snmp.polled_agents import Datagrams, answering, values

Change = Callable[[bytes, bytes | None], bytes | None]
PORTS = 12
IF_X = "1.3.6.1.2.1.31.1.1.1"
USER = User("bastide", "SHA", "correct-horse-auth", "AES", "correct-horse-priv")
SWITCH = switch("harbour-switch", Access("public", (USER,)), ports=PORTS)
NAME = oid.encode("1.3.6.1.2.1.1.5.0")


def cut_off(column: bytes) -> Change:
    """Answers with something of a column in them end too early."""
    return lambda _, answer: answer[:-3] if answer and column in answer else answer


def never(column: bytes) -> Change:
    """Questions with something of a column in them get no answer."""
    return lambda question, answer: None if column in question else answer


def polled(folder: Path, change: Change, polls: int) -> tuple[list[PollResult], list[list[bytes]]]:
    """Poll an agent some times; and the questions of each poll."""
    asked: list[list[bytes]] = [[]]

    def answer(question: bytes) -> bytes | None:
        asked[-1].append(question)
        return change(question, SWITCH.answer(question))

    async def scenario() -> list[PollResult]:
        (folder / "community").write_text("public", encoding="utf-8")
        access = SnmpAccess(version=SnmpVersion.V2C, community=f"file:{folder / 'community'}")
        poller, results = Poller(folder, NetworkClient(0.3, 2)), []
        async with answering(answer) as port:
            device = SnmpTarget("switch", "switch", "harbour", "quay", ADDRESS, access, port)
            for _ in range(polls):
                results.append(await poller.poll(device, 30.0, ("system", "interfaces")))
                asked.append([])
        return results

    return asyncio.run(scenario()), asked[:-1]


def told(result: PollResult) -> str:
    return "\n".join(outcome.failure for outcome in result.results)


def shown(result: PollResult) -> int:
    return sum(len(family.samples) for family in result.device_families)


@pytest.mark.parametrize("kind", [cut_off, never])
@pytest.mark.parametrize(
    ("column", "lost"),
    [
        pytest.param("1.3.6.1.2.1.2.2.1.14", PORTS, id="a number"),
        pytest.param("1.3.6.1.2.1.2.2.1.8", PORTS, id="the first of a table"),
        pytest.param(f"{IF_X}.18", 0, id="text of an info series"),
        pytest.param(f"{IF_X}.1", 0, id="a name"),
    ],
)
def test_only_the_column_is_missing_and_the_next_poll_asks_no_more(
    tmp_path: Path, kind: Callable[[bytes], Change], column: str, lost: int
) -> None:
    whole = polled(tmp_path, lambda _, answer: answer, 2)
    (first, second), (_, asked) = polled(tmp_path, kind(oid.encode(column)), 2)
    assert first.success
    assert first.failure == ""
    for result in (first, second):
        assert shown(result) == shown(whole[0][0]) - lost
        assert f"{column}: " in told(result)
        assert min(values(result, "bastide_snmp_table_success")) == 0
    assert not any(oid.encode(column) + b"\x05" in question for question in asked)
    assert len(asked) <= 2 * len(whole[1][1])


def test_a_dead_column_is_tried_again_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it costs is its own: the others of its table are read in the questions they had."""
    monkeypatch.setattr(dead_objects, "FIRST_SECONDS", 0.0)
    column = oid.encode("1.3.6.1.2.1.2.2.1.14")
    (_, second), (_, asked) = polled(tmp_path, never(column), 2)
    assert "1.3.6.1.2.1.2.2.1.14: no answer" in told(second)
    again = [community_message.decode(one).pdu.kind for one in asked if column in one]
    assert again == [pdu.NEXT, pdu.NEXT]


def test_an_instance_that_never_answers_is_missing_alone(tmp_path: Path) -> None:
    (first, second), (_, asked) = polled(tmp_path, never(NAME), 2)
    for result in (first, second):
        assert "1.3.6.1.2.1.1.5.0: no answer; left out" in told(result)
        assert len(values(result, "ifHCInOctets")) == PORTS
    assert not any(NAME in question for question in asked)


async def from_elsewhere(agent: Callable[[int], Agent]) -> object:
    """Ask an agent for its name that answers from another port of this machine."""
    elsewhere = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    elsewhere.bind(("127.0.0.2", 0))

    class Misdirected(Datagrams):
        def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
            elsewhere.sendto(SWITCH.answer(data) or b"", addr)

    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: Misdirected(SWITCH.answer), local_addr=(ADDRESS, 0)
    )
    client = NetworkClient(0.3, 1)
    try:
        port = transport.get_extra_info("sockname")[1]
        async with client.session(agent(port)) as session:
            return (await session.get([NAME])).get(NAME)
    finally:
        client.close()
        transport.close()
        elsewhere.close()


def test_answers_from_another_address_are_refused_with_what_to_do() -> None:
    with pytest.raises(NoAnswerError, match="answers_from names it, or SNMPv3 proves it"):
        asyncio.run(from_elsewhere(lambda port: Agent(ADDRESS, port, Community("public"))))


@pytest.mark.parametrize(
    "agent",
    [
        pytest.param(lambda port: Agent(ADDRESS, port, USER), id="a key proves whose they are"),
        pytest.param(
            lambda port: Agent(ADDRESS, port, Community("public"), ("127.0.0.2",)),
            id="the inventory says so",
        ),
    ],
)
def test_answers_from_another_address_are_taken(agent: Callable[[int], Agent]) -> None:
    assert asyncio.run(from_elsewhere(agent)) == b"harbour-switch"
