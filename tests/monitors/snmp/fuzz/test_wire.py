"""Whatever octets come as a datagram: it is SNMP, or an SnmpError says why not."""

import asyncio
import contextlib
import tracemalloc
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitors.snmp import oid
from monitors.snmp.client import Agent as Place
from monitors.snmp.client import BadAnswerError, Community, SnmpError
from monitors.snmp.exchange import CommunityCodec, Exchange, Request, Response
from monitors.snmp.replay.agent import Access
from monitors.snmp.replay.simulated_switches import switch
from monitors.snmp.request_size import RequestSize
from monitors.snmp.session import AgentSession
from monitors.snmp.table_walk import TableWalk, walk_table
from monitors.snmp.transport import Transport, number_of
from monitors.snmp.wire import ber, community_message, pdu, usm_message
from tests.monitors.snmp.fuzz.messages import KEYS, MESSAGES, PLAIN, USER, damaged

MOST = 65_507
PLACE = Place("192.0.2.1", 161, Community("public"))
ANYTHING = st.one_of(st.binary(max_size=200), damaged(), MESSAGES)
often = settings(max_examples=200)


def decode_plain(data: bytes) -> None:
    message = community_message.decode(data)
    pdu.bindings(data, message.pdu.start, message.pdu.end)
    pdu.wire_bindings(data, message.pdu.start, message.pdu.end)


def decode_secured(data: bytes) -> None:
    header = usm_message.decode_header(data)
    with contextlib.suppress(SnmpError):
        inner = usm_message.clear_pdu(header, data)
        pdu.bindings(data, inner.start, inner.end)
        usm_message.reported_statistic(data, inner)
    with contextlib.suppress(SnmpError):
        usm_message.verify(header, data, KEYS)
    plain, inner = usm_message.decrypt(header, data, KEYS)
    pdu.bindings(plain, inner.start, inner.end)
    usm_message.reported_statistic(plain, inner)


DECODERS = (decode_plain, decode_secured, number_of)


def decode(data: bytes) -> None:
    """Every way in: only SnmpError may come out."""
    for decoder in DECODERS:
        with contextlib.suppress(SnmpError):
            decoder(data)


@often
@given(ANYTHING)
def test_only_snmp_errors_come_out_of_the_decoder(data: bytes) -> None:
    decode(data)


@often
@given(st.binary(max_size=60), st.integers(0, 255))
def test_only_snmp_errors_come_out_of_bindings(data: bytes, tag: int) -> None:
    inner = bytes((tag,)) + data
    for content in (inner, ber.tlv(ber.SEQUENCE, inner)):
        with contextlib.suppress(SnmpError):
            pdu.bindings(content, 0, len(content))
        with contextlib.suppress(SnmpError):
            pdu.wire_bindings(content, 0, len(content))


@often
@given(PLAIN)
def test_bindings_and_typed_bindings_are_of_one_mind(data: bytes) -> None:
    head = community_message.decode(data).pdu
    values = pdu.bindings(data, head.start, head.end)
    assert [entry.oid for entry in pdu.wire_bindings(data, head.start, head.end)] == [
        where for where, _ in values
    ]


def nested(tag: int, most: int) -> bytes:
    data = b""
    while len(data) < most - 10:
        data = ber.tlv(tag, data)
    return data


LARGE = {
    "nested sequences": nested(ber.SEQUENCE, 6_000),
    "nested strings": nested(ber.OCTETS, 6_000),
    "nested bindings": community_message.encode(1, b"", nested(pdu.RESPONSE, 6_000)),
    "sequence tags only": b"\x30\x80" * (MOST // 2),
    "long lengths only": b"\x30\x84\xff\xff\xff\xff" * (MOST // 6),
    "an OID as a datagram": community_message.encode(
        1, b"", pdu.encode(pdu.RESPONSE, 1, [pdu.binding(b"\xff" * 65_000 + b"\x7f", 5, b"")])
    ),
    "a value that is an endless OID": community_message.encode(
        1,
        b"",
        pdu.encode(pdu.RESPONSE, 1, [pdu.binding(b"+", 6, b"\xff" * 65_000 + b"\x7f")]),
    ),
    "empty bindings": community_message.encode(
        1, b"", pdu.encode(pdu.RESPONSE, 1, [b"\x30\0"] * 32_000)
    ),
    "a number as a datagram": community_message.encode(
        1, b"", pdu.encode(pdu.RESPONSE, 1, [pdu.binding(b"+", 2, b"\x7f" * 65_000)])
    ),
}


@pytest.mark.parametrize("data", LARGE.values(), ids=LARGE)
def test_large_nonsense_needs_little_memory(data: bytes) -> None:
    tracemalloc.start()
    try:
        decode(data)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 100 * MOST


def test_an_oid_longer_than_any_is_refused_before_it_is_reckoned() -> None:
    endless = b"\xff" * 65_000 + b"\x7f"
    with pytest.raises(oid.OidError):
        oid.numbers(endless)
    with pytest.raises(oid.OidError):
        oid.follows(endless, b"+")


AGENT = switch("fuzzed", Access("public", (USER,)), ports=2)


@often
@given(ANYTHING)
def test_an_agent_answers_or_does_not(data: bytes) -> None:
    AGENT.answer(data)


@often
@given(
    damaged(st.builds(community_message.encode, st.integers(0, 1), st.just(b"public"), st.binary()))
)
def test_an_agent_survives_those_who_know_its_community(data: bytes) -> None:
    AGENT.answer(data)


def test_strangers_are_never_answered() -> None:
    agent = switch("closed", Access("secret"), ports=1)
    for word in (b"", b"public", b"Secret", b"secret\0", b"secre"):
        for version in (0, 1):
            message = community_message.encode(version, word, pdu.request(pdu.GET, 1, [b"+"]))
            assert agent.answer(message) is None


class Damaged(Exchange):
    """An exchange that brings a given datagram."""

    def __init__(self, data: bytes) -> None:
        codec = CommunityCodec(Community("public"))
        super().__init__(Transport(), PLACE, codec, 1.0, 1)
        self._data, self._plain = data, codec

    async def each(
        self, requests: Sequence[Request], attempts: int = 0
    ) -> list[Response | SnmpError]:
        try:
            return [self._plain.decode(self._data) for _ in requests]
        except SnmpError as error:
            return [error for _ in requests]


@often
@given(damaged(PLAIN))
def test_a_session_with_a_damaged_agent_raises_only_snmp_errors(data: bytes) -> None:
    async def ask() -> None:
        session = AgentSession(PLACE, Damaged(data), bulk=True)
        for question in (
            session.get([b"+"]),
            session.next([b"+", b"+\x06"]),
            session.bulk([b"+", b"+\x06"], 5),
            session.bulk_all([([b"+"], 5), ([b"+\x06"], 5)]),
            walk_table(session, TableWalk.of([b"+", b"+\x06"]), RequestSize()),
            session.wire_bindings(b"+", 5),
        ):
            with contextlib.suppress(SnmpError):
                await question

    asyncio.run(ask())


def test_an_error_says_what_is_wrong() -> None:
    with pytest.raises(BadAnswerError, match="octet 0: expected tag 0x30, found 0x31"):
        community_message.decode(b"\x31\x00")
