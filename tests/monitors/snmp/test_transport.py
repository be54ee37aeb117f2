"""One socket for all: answers from elsewhere, for nobody, late, twice, or not at all."""

import asyncio
import socket
import time

import pytest

from monitors.snmp import oid
from monitors.snmp.client import Agent, Community, NoAnswerError
from monitors.snmp.exchange import CommunityCodec, Exchange, Request
from monitors.snmp.replay.agent import Access
from monitors.snmp.replay.simulated_switches import switch
from monitors.snmp.session import NetworkClient
from monitors.snmp.transport import Transport, number_of
from monitors.snmp.wire import community_message, pdu
from tests.infra.lab.agent.running import ADDRESS
from tests.loopback import free_udp_port
from tests.monitors.snmp.polled_agents import answering

NAME = oid.encode("1.3.6.1.2.1.1.5.0")
WORD = Community("public")
SWITCH = switch("harbour-switch", Access("public"), ports=2)


async def asked(port: int, seconds: float = 0.2, attempts: int = 1) -> object:
    client = NetworkClient(seconds, attempts)
    try:
        async with client.session(Agent(ADDRESS, port, WORD)) as session:
            return (await session.get([NAME])).get(NAME)
    finally:
        client.close()


def test_an_answer_from_another_address_is_not_taken_and_named() -> None:
    async def scenario() -> None:
        elsewhere = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        elsewhere.bind((ADDRESS, 0))
        transport = Transport()

        def misdirected(data: bytes) -> None:
            (own,) = transport._sockets.values()
            elsewhere.sendto(SWITCH.answer(data) or b"", (ADDRESS, own.getsockname()[1]))

        async with answering(misdirected) as port:
            exchange = Exchange(transport, Agent(ADDRESS, port, WORD), CommunityCodec(WORD), 0.2, 1)
            message = f"one came from {ADDRESS} port {elsewhere.getsockname()[1]}"
            with pytest.raises(NoAnswerError, match=message):
                await exchange.request(Request(pdu.GET, [NAME]))
        transport.close()
        elsewhere.close()

    asyncio.run(scenario())


def test_an_answer_with_another_number_is_not_taken() -> None:
    def guessed(data: bytes) -> bytes | None:
        response = SWITCH.answer(data)
        number = (number_of(data) + 1).to_bytes(5, "big")
        return response and response.replace(
            number_of(data).to_bytes(5, "big").lstrip(b"\0"), number[1:]
        )

    async def scenario() -> None:
        async with answering(guessed) as port:
            with pytest.raises(NoAnswerError):
                await asked(port)

    asyncio.run(scenario())


def test_a_network_that_cannot_be_reached_is_no_answer() -> None:
    async def scenario() -> None:
        client = NetworkClient(0.2, 1)
        async with client.session(Agent("255.255.255.255", 161, WORD)) as session:
            with pytest.raises(NoAnswerError, match=r"255\.255\.255\.255 port 161"):
                await session.get([NAME])
        client.close()

    asyncio.run(scenario())


def test_a_slow_device_gets_more_time_when_it_is_asked_again() -> None:
    async def scenario() -> None:
        loop = asyncio.get_running_loop()
        late = 0.3
        agent = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        agent.bind((ADDRESS, 0))

        def heard() -> None:
            data, sender = agent.recvfrom(65535)
            loop.call_later(late, agent.sendto, SWITCH.answer(data) or b"", sender)

        loop.add_reader(agent.fileno(), heard)
        assert await asked(agent.getsockname()[1], seconds=0.2, attempts=2) == b"harbour-switch"
        loop.remove_reader(agent.fileno())
        agent.close()

    asyncio.run(scenario())


def test_an_answer_that_comes_after_its_question_was_sent_again_counts() -> None:
    """An agent that needs longer than one attempt is heard, and both questions look alike."""
    heard: list[int] = []

    def slow(data: bytes) -> bytes | None:
        heard.append(number_of(data))
        return SWITCH.answer(data)

    async def scenario() -> object:
        async with answering(slow, delay=0.3) as port:
            return await asked(port, seconds=0.2, attempts=2)

    assert asyncio.run(scenario()) == b"harbour-switch"
    assert len(heard) == 2
    assert heard[0] == heard[1]


def test_a_closed_port_costs_its_own_time_only() -> None:
    async def scenario() -> None:
        started = time.monotonic()
        with pytest.raises(NoAnswerError, match="is it on"):
            await asked(free_udp_port(), seconds=0.05, attempts=2)
        assert time.monotonic() > started

    asyncio.run(scenario())


def test_nobody_is_waited_for_in_the_end() -> None:
    async def scenario() -> None:
        transport = Transport()
        exchange = Exchange(
            transport, Agent(ADDRESS, free_udp_port(), WORD), CommunityCodec(WORD), 0.05, 2
        )
        with pytest.raises(NoAnswerError):
            await exchange.request(Request(pdu.GET, [NAME]))
        assert not transport._waiting
        transport.close()

    asyncio.run(scenario())


def test_snmpv1_devices_are_read_without_getbulk() -> None:
    kinds = []

    def old(data: bytes) -> bytes | None:
        kinds.append(community_message.decode(data).pdu.kind)
        return SWITCH.answer(data)

    async def scenario() -> None:
        async with answering(old) as port:
            client = NetworkClient(0.5, 1)
            async with client.session(Agent(ADDRESS, port, Community("public", 0))) as session:
                page = await session.bulk([NAME, oid.encode("1.3.6.1.2.1.2.2.1.8")], 10)
                assert len(pdu.bindings(page.data, page.start, page.end)) == 2
                gone = oid.encode("1.3.6.1.2.1.1.99.0")
                assert await session.get([gone, NAME]) == {NAME: b"harbour-switch"}
            client.close()

    asyncio.run(scenario())
    assert pdu.BULK not in kinds


PORTS = [oid.encode(f"1.3.6.1.2.1.2.2.1.8.{port}") for port in range(1, 51)]
MANY = switch("harbour-switch", Access("public"), ports=50)


@pytest.mark.parametrize("least", [1, 4], ids=["several at once", "one at a time"])
def test_many_instances_are_asked_for_in_several_questions_at_once(least: int) -> None:
    """An agent that drops every question but the first of a moment is asked one by one."""
    heard: list[float] = []

    def answer(question: bytes) -> bytes | None:
        heard.append(time.monotonic())
        busy = least > 1 and len(heard) > 1 and heard[-1] - heard[-2] < 0.005
        return None if busy else MANY.answer(question)

    async def scenario() -> list[bytes]:
        client = NetworkClient(0.2, 2)
        try:
            async with (
                answering(answer) as port,
                client.session(Agent(ADDRESS, port, WORD)) as asked,
            ):
                await asked.get([NAME])
                await asyncio.sleep(0.01)
                return list(await asked.get(PORTS))
        finally:
            client.close()

    assert asyncio.run(scenario()) == PORTS
