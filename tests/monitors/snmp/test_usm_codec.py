"""SNMPv3: forged, replayed and refused answers; clocks that move; engines that change."""

import asyncio
import time
from collections.abc import Callable

import pytest

from monitors.snmp import oid
from monitors.snmp.client import Agent, BadAnswerError, NoAnswerError, RefusedError, User
from monitors.snmp.session import NetworkClient
from monitors.snmp.usm_codec import SnmpEngine
from monitors.snmp.wire import ber, pdu, usm_keys, usm_message
from monitors.snmp.wire.usm_message import WINDOW_SECONDS, Moment
from tests.infra.lab.agent.running import ADDRESS
from tests.monitors.snmp.polled_agents import IMPATIENT, answering

USER = User("bastide", "SHA256", "correct-horse-auth", "AES", "correct-horse-priv")
ENGINE = bytes.fromhex("80007ed904") + b"harbour"
NOW = Moment(ENGINE, 7, 1000)
NAME = oid.encode("1.3.6.1.2.1.1.5.0")
SALT = bytes(8)

Change = Callable[[Moment], Moment]


def keys() -> usm_keys.Keys:
    return usm_keys.localized(USER, ENGINE)


def report(number: int, moment: Moment, which: int) -> bytes:
    name = usm_message.USM_STATS + bytes((which, 0))
    counted = pdu.binding(name, 0x41, b"\x01")
    return usm_message.encode_clear(number, moment, pdu.encode(pdu.REPORT, number, [counted]), 0)


def answer(number: int, moment: Moment, value: bytes = b"harbour-switch") -> bytes:
    binding = pdu.binding(NAME, ber.OCTETS, value)
    content = pdu.encode(pdu.RESPONSE, number, [binding])
    return usm_message.encode(number, moment, keys(), content, SALT, 0)


def agent(
    respond: Callable[[usm_message.Header, bytes], bytes | None],
) -> Callable[[bytes], bytes | None]:
    """An engine that introduces itself, and answers everything else as a test says."""

    def answer_to(data: bytes) -> bytes | None:
        asked = usm_message.decode_header(data)
        if not asked.moment.engine:
            return report(asked.message_id, NOW, usm_message.Statistic.UNKNOWN_ENGINE_IDS)
        return respond(asked, data)

    return answer_to


def ask(respond: Callable[[usm_message.Header, bytes], bytes | None], times: int = 1) -> object:
    """What a session answers in the end."""

    async def scenario() -> object:
        value: object = None
        async with answering(agent(respond)) as port:
            client = NetworkClient(IMPATIENT, 2)
            for _ in range(times):
                async with client.session(Agent(ADDRESS, port, USER)) as session:
                    value = (await session.get([NAME])).get(NAME)
            client.close()
        return value

    return asyncio.run(scenario())


def test_an_answer_signed_with_another_key_is_not_believed() -> None:
    def forged(asked: usm_message.Header, _: bytes) -> bytes:
        honest = answer(asked.message_id, NOW)
        header = usm_message.decode_header(honest)
        at = header.signature_at
        return honest[:at] + bytes(24) + honest[at + 24 :]

    with pytest.raises(RefusedError, match="not signed with the user's key"):
        ask(forged)


def test_an_answer_in_clear_is_not_believed() -> None:
    def clear(asked: usm_message.Header, _: bytes) -> bytes:
        binding = pdu.binding(NAME, ber.OCTETS, b"harbour-switch")
        content = pdu.encode(pdu.RESPONSE, asked.message_id, [binding])
        return usm_message.encode_clear(asked.message_id, NOW, content, 0)

    with pytest.raises(RefusedError, match="in clear"):
        ask(clear)


@pytest.mark.parametrize(
    ("which", "message"),
    [(1, "security level"), (3, "unknown user"), (5, "authentication key"), (6, "privacy key")],
)
def test_a_refusal_says_what_the_agent_did_not_like(which: int, message: str) -> None:
    with pytest.raises(RefusedError, match=message):
        ask(lambda asked, _: report(asked.message_id, NOW, which))


def test_a_replayed_answer_of_an_earlier_boot_is_refused() -> None:
    with pytest.raises(RefusedError, match="from the past"):
        ask(lambda asked, _: answer(asked.message_id, Moment(ENGINE, 6, 999)))


def test_an_engine_whose_clock_went_on_is_followed() -> None:
    assert ask(lambda asked, _: answer(asked.message_id, Moment(ENGINE, 9, 5)), times=2) == (
        b"harbour-switch"
    )


def test_a_clock_that_differs_is_learned_from_the_signed_report() -> None:
    ahead = Moment(ENGINE, 7, 90_000)

    def strict(asked: usm_message.Header, _: bytes) -> bytes:
        if abs(asked.moment.time - ahead.time) > WINDOW_SECONDS:
            counted = pdu.binding(usm_message.USM_STATS + b"\x02\x00", 0x41, b"\x01")
            content = pdu.encode(pdu.REPORT, asked.message_id, [counted])
            return usm_message.encode(asked.message_id, ahead, keys(), content, SALT, 0)
        return answer(asked.message_id, ahead)

    assert ask(strict) == b"harbour-switch"


def test_silence_after_the_introduction_is_no_answer() -> None:
    with pytest.raises(NoAnswerError, match="is it on"):
        ask(lambda *_: None)


def test_an_engine_without_an_id_is_reported() -> None:
    async def scenario() -> None:
        def nameless(data: bytes) -> bytes:
            return report(usm_message.decode_header(data).message_id, Moment(b"", 0, 0), 4)

        async with answering(nameless) as port:
            client = NetworkClient(IMPATIENT, 2)
            with pytest.raises(BadAnswerError, match="without an engine id"):
                async with client.session(Agent(ADDRESS, port, USER)):
                    pass
            client.close()

    asyncio.run(scenario())


def test_a_clock_only_ever_goes_forward() -> None:
    engine = SnmpEngine(ENGINE, 7, 1000, time.monotonic())
    engine.update(Moment(ENGINE, 7, 1000 - WINDOW_SECONDS // 2))
    assert engine.now().time >= 1000
    with pytest.raises(RefusedError):
        engine.update(Moment(ENGINE, 7, 1000 - 2 * WINDOW_SECONDS))


def test_secrets_are_in_no_representation() -> None:
    text = repr(USER) + repr(keys())
    assert "correct-horse" not in text
    assert keys().auth.hex() not in text
