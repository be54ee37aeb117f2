"""Our codec against pysnmp's: the same messages, both ways, in every version and protocol."""

from itertools import product

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from infra.lab.agent.responder import AUTH_PROTOCOLS, PRIV_PROTOCOLS
from monitors.snmp.client import User, WireBinding
from monitors.snmp.wire import community_message, pdu, usm_keys, usm_message
from tests.monitors.snmp.fuzz import reference
from tests.monitors.snmp.fuzz.messages import BINDINGS, ENGINE, KINDS, MOMENT, SALT, SIGNED
from tests.monitors.snmp.fuzz.reference import Said

# What both allow: pysnmp checks error statuses and GETBULK's numbers when it encodes.
SAID = st.builds(
    lambda kind, number, status, position, bindings: Said(
        kind, number, status, position, tuple(WireBinding(where, *what) for where, what in bindings)
    ),
    KINDS,
    SIGNED,
    st.integers(0, 18),
    st.integers(0, 40),
    BINDINGS,
)
some = settings(max_examples=150)
USERS = [
    User("operator", auth, "authentication", priv, "encryption words")
    for auth, priv in product(AUTH_PROTOCOLS, PRIV_PROTOCOLS)
]


def encoded(said: Said) -> bytes:
    bindings = [pdu.binding(*binding) for binding in said.bindings]
    return pdu.encode(said.kind, said.request_id, bindings, said.status, said.position)


def read(data: bytes, head: pdu.Pdu) -> Said:
    bindings = tuple(pdu.wire_bindings(data, head.start, head.end))
    return Said(head.kind, head.request_id, head.status, head.position, bindings)


@some
@given(SAID, st.integers(0, 1), st.binary(max_size=200))
def test_we_read_what_pysnmp_writes(said: Said, version: int, word: bytes) -> None:
    data = reference.encode(version, word, said)
    message = community_message.decode(data)
    assert (message.version, message.community) == (version, word)
    assert read(data, message.pdu) == said


@some
@given(SAID, st.integers(0, 1), st.binary(max_size=200))
def test_pysnmp_reads_what_we_write(said: Said, version: int, word: bytes) -> None:
    assert reference.decode(community_message.encode(version, word, encoded(said))) == (
        version,
        word,
        said,
    )


def is_lowest(number: int) -> bool:
    """Whether a number is the lowest of its octets: pyasn1 spends one too many (X.690, 8.3.2)."""
    return number in {-(1 << bits) for bits in range(7, 64, 8)}


@some
@given(SAID, st.binary(max_size=40))
def test_both_write_the_same_octets(said: Said, word: bytes) -> None:
    assume(not is_lowest(said.request_id))
    assert community_message.encode(1, word, encoded(said)) == reference.encode(1, word, said)


@pytest.mark.parametrize("user", USERS, ids=lambda u: f"{u.auth_protocol} {u.priv_protocol}")
@settings(max_examples=10)
@given(said=SAID)
def test_secured_messages_are_read_both_ways(user: User, said: Said) -> None:
    ours, theirs = usm_keys.localized(user, ENGINE), reference.Secured(user, ENGINE)
    assert theirs.decode(usm_message.encode(5, MOMENT, ours, encoded(said), SALT)) == said
    data = theirs.encode(5, MOMENT, said)
    header = usm_message.decode_header(data)
    assert (header.message_id, header.moment, header.user) == (5, MOMENT, b"operator")
    usm_message.verify(header, data, ours)
    assert read(*usm_message.decrypt(header, data, ours)) == said
