"""The gate against hostile octets: all have a verdict, and no flipped bit is let through."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitors.snmp.client import Community, User
from monitors.snmp.traps.authentication import Admitted, Discovery, judge
from monitors.snmp.traps.known_senders import Address, Sender
from monitors.snmp.traps.trap import Reason
from monitors.snmp.wire import ber, usm_message
from monitors.snmp.wire.usm_message import Moment
from tests.monitors.snmp.traps import receiving as r

SIGNED, PLAIN = r.signed(), r.plain()
BOTH = Address(
    r.SWITCH,
    "harbour-switch",
    "harbour",
    (
        Sender("harbour-switch", "harbour", r.BASTIDE),
        Sender("harbour-printer", "harbour", Community(r.WORD)),
    ),
)


@given(st.binary(max_size=200))
def test_any_octets_have_a_verdict(data: bytes) -> None:
    assert isinstance(judge(data, BOTH), Reason)


@given(st.sampled_from([SIGNED, PLAIN]), st.data())
def test_a_message_that_is_cut_or_doubled_in_part_has_a_verdict(
    message: bytes, data: st.DataObject
) -> None:
    start, end = sorted(data.draw(st.tuples(*[st.integers(0, len(message))] * 2)))
    judge(message[:start] + message[end:], BOTH)
    judge(message[:end] + message[start:], BOTH)


def test_no_flipped_bit_of_a_signed_message_is_let_through() -> None:
    for place in range(len(SIGNED)):
        for bit in range(8):
            flipped = bytearray(SIGNED)
            flipped[place] ^= 1 << bit
            assert isinstance(judge(bytes(flipped), BOTH), Reason), (place, bit)


def test_version_1_devices_and_devices_of_v3_send_no_v2c() -> None:
    for credentials in (Community(r.WORD, version=0), r.BASTIDE):
        only = Address(r.SWITCH, "x", "y", (Sender("x", "y", credentials),))
        assert judge(PLAIN, only) is Reason.BAD_CREDENTIALS


def test_a_question_for_our_engine_is_short_and_carries_no_name() -> None:
    empty = Moment(b"", 0, 0)
    asked = usm_message.encode_clear(1, empty, b"")
    assert isinstance(judge(asked, BOTH), Discovery)
    long = usm_message.encode_clear(1, empty, ber.tlv(ber.OCTETS, bytes(500)))
    assert judge(long, BOTH) is Reason.UNSUPPORTED


@pytest.mark.parametrize("user", [r.BASTIDE, r.MODEM])
def test_of_several_behind_an_address_those_are_named_whose_keys_fit(user: User) -> None:
    senders = tuple(Sender(who.user, "island", who) for who in (r.BASTIDE, r.MODEM))
    verdict = judge(r.signed(user), Address(r.SWITCH, "edge", "island", senders))
    assert isinstance(verdict, Admitted)
    assert [sender.device for sender in verdict.senders] == [user.user]
