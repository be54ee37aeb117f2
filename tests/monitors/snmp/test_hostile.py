"""Answers that are garbage, cut off, forged or lies: failures in their place, never a crash."""

import asyncio
from pathlib import Path

import pytest
from pysnmp.proto import rfc1902

from infra.lab.agent import switch
from infra.lab.agent.config import AgentConfig
from infra.lab.agent.objects import Moment, Oid, fixed
from infra.lab.agent.responder import Binding, Lookup
from monitors.snmp import table_walk
from tests.infra.lab.agent.running import running, settings
from tests.monitors.snmp.polled_agents import (
    DEADLINE,
    HC_IN_OCTETS,
    NOTHING,
    Lying,
    answering,
    between,
    failures,
    poller,
    successes,
    target,
    target_of,
    values,
)


def honest(folder: Path, **changes: object) -> Lookup:
    return Lookup(switch.objects(AgentConfig.model_validate(settings(folder, **changes))))


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"\x00" * 64,
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"\x30\x82\xff\xff",
        b"\x30\x84\xff\xff\xff\xff" + b"\x02" * 1000,
        b"\x30\x03\x02\x01\x03",
        bytes(range(256)) * 100,
    ],
)
def test_garbage_is_a_failure_and_no_crash(tmp_path: Path, answer: bytes) -> None:
    settings(tmp_path)

    async def scenario() -> None:
        async with answering(lambda _: answer) as port:
            result = await poller(tmp_path).poll(target(tmp_path, port), DEADLINE)
            assert (result.success, successes(result)) == (False, NOTHING)
            assert result.failure

    asyncio.run(scenario())


def test_an_echo_of_our_own_requests_is_a_failure(tmp_path: Path) -> None:
    settings(tmp_path)

    async def scenario() -> None:
        async with answering(lambda datagram: datagram) as port:
            result = await poller(tmp_path).poll(target(tmp_path, port), DEADLINE)
            assert not result.success

    asyncio.run(scenario())


@pytest.mark.parametrize("left", [0.1, 0.5, 0.99])
def test_truncated_answers_are_a_failure(tmp_path: Path, left: float) -> None:
    async def scenario() -> None:
        async with (
            running(tmp_path) as config,
            between(config, lambda data: data[: int(len(data) * left)]) as port,
        ):
            result = await poller(tmp_path).poll(target(tmp_path, port), DEADLINE)
            assert not result.success

    asyncio.run(scenario())


def test_tampered_answers_are_not_believed(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with (
            running(tmp_path) as config,
            between(config, lambda data: data[:-1] + bytes([data[-1] ^ 1])) as port,
        ):
            result = await poller(tmp_path).poll(target(tmp_path, port), DEADLINE)
            assert not result.device_families

    asyncio.run(scenario())


def test_oids_that_do_not_increase_end_the_collector_and_only_it(tmp_path: Path) -> None:
    def lie(asked: Oid, moment: Moment, answer: Binding) -> Binding:
        # Column 6 jumps back to its start after row 5, for ever.
        if asked == (*HC_IN_OCTETS, 5):
            return ((*HC_IN_OCTETS, 1), rfc1902.Counter64(1))
        return answer

    async def scenario() -> None:
        async with running(tmp_path, source=Lying(honest(tmp_path), lie)) as config:
            result = await poller(tmp_path).poll(target_of(tmp_path, config), DEADLINE)
            assert result.success
            assert not successes(result)["interfaces"]
            assert "not increasing" in failures(result)
            assert len(values(result, "ifOperStatus")) == 48, "the other columns are served"
            assert len(values(result, "ifHCInOctets")) == 5, "what came before as well"

    asyncio.run(scenario())


def test_a_table_without_an_end_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table_walk, "MOST_ROWS", 1000)

    def lie(asked: Oid, moment: Moment, answer: Binding) -> Binding:
        if asked[:-1] == HC_IN_OCTETS or asked == HC_IN_OCTETS:
            row = asked[-1] + 1 if len(asked) > len(HC_IN_OCTETS) else 1
            return ((*HC_IN_OCTETS, row), rfc1902.Counter64(1))
        return answer

    async def scenario() -> None:
        async with running(tmp_path, source=Lying(honest(tmp_path), lie)) as config:
            result = await poller(tmp_path).poll(target_of(tmp_path, config), 120)
            assert "more than 1000 rows" in failures(result)

    asyncio.run(scenario())


def test_values_of_the_wrong_type_are_left_out_one_by_one(tmp_path: Path) -> None:
    objects = switch.objects(AgentConfig.model_validate(settings(tmp_path)))
    objects[*HC_IN_OCTETS, 7] = fixed("OctetString", "many")

    async def scenario() -> None:
        async with running(tmp_path, source=Lookup(objects)) as config:
            result = await poller(tmp_path).poll(target_of(tmp_path, config), DEADLINE)
            assert not successes(result)["interfaces"]
            assert "ifHCInOctets: expected a number, found the text many" in failures(result)
            assert len(values(result, "ifHCInOctets")) == 47
            assert sum(values(result, "bastide_snmp_undecodable_values")) == 1

    asyncio.run(scenario())
