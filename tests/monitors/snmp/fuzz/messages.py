"""SNMP messages to decode: well-formed ones of every kind, and such that somebody damaged."""

from hypothesis import strategies as st

from monitors.snmp import oid
from monitors.snmp.client import User
from monitors.snmp.wire import ber, community_message, pdu, usm_keys, usm_message, values

USER = User("operator", "SHA256", "authentication", "AES256", "encryption")
ENGINE = b"\x80\x00\x7e\xd9\x04fuzzed"
KEYS = usm_keys.localized(USER, ENGINE)
MOMENT = usm_message.Moment(ENGINE, 7, 4711)
SALT = bytes(range(8))

ARCS = st.one_of(st.integers(0, 300), st.integers(0, oid.LARGEST_ARC))
OIDS = st.builds(
    lambda first, second, rest: oid.join((first, second, *rest)),
    st.integers(0, 2),
    st.integers(0, 39),
    st.lists(ARCS, max_size=20),
)


def number_octets(number: int) -> bytes:
    """Content octets as pyasn1 writes them, one too many for -128 and its like (X.690, 8.3.2)."""
    return number.to_bytes(number.bit_length() // 8 + 1, "big", signed=True)


def numbers(low: int, high: int) -> st.SearchStrategy[bytes]:
    """Content octets of numbers, the ends among them."""
    return st.one_of(st.sampled_from((low, high)), st.integers(low, high)).map(number_octets)


VALUES = st.one_of(
    st.tuples(st.just(ber.INTEGER), numbers(-(2**31), 2**31 - 1)),
    st.tuples(st.just(ber.OCTETS), st.binary(max_size=300)),
    st.tuples(st.just(ber.NULL), st.just(b"")),
    st.tuples(st.just(ber.OID), OIDS),
    st.tuples(st.just(values.IP_ADDRESS), st.binary(min_size=4, max_size=4)),
    st.tuples(
        st.sampled_from((values.COUNTER32, values.GAUGE32, values.TIME_TICKS)),
        numbers(0, 2**32 - 1),
    ),
    st.tuples(st.just(values.COUNTER64), numbers(0, 2**64 - 1)),
    st.tuples(st.just(values.OPAQUE), st.binary(max_size=20)),
    st.tuples(st.sampled_from((0x80, 0x81, 0x82)), st.just(b"")),
)
BINDINGS = st.lists(st.tuples(OIDS, VALUES), max_size=6)
SIGNED = st.integers(-(2**31), 2**31 - 1)
KINDS = st.sampled_from(sorted(pdu.KINDS))


def _pdu(
    kind: int, number: int, bindings: list[tuple[bytes, tuple[int, bytes]]], status: int, at: int
) -> bytes:
    encoded = [pdu.binding(where, tag, content) for where, (tag, content) in bindings]
    return pdu.encode(kind, number, encoded, status, at)


PDUS = st.builds(_pdu, KINDS, SIGNED, BINDINGS, st.integers(0, 25), st.integers(0, 40))
PLAIN = st.builds(community_message.encode, st.integers(0, 1), st.binary(max_size=40), PDUS)
SECURED = PDUS.map(lambda inner: usm_message.encode(1, MOMENT, KEYS, inner, SALT))
CLEAR = PDUS.map(lambda inner: usm_message.encode_clear(1, MOMENT, inner))
MESSAGES = st.one_of(PLAIN, SECURED, CLEAR)


@st.composite
def damaged(draw: st.DrawFn, messages: st.SearchStrategy[bytes] = MESSAGES) -> bytes:
    """A message with a few octets changed, left out, put in, or said twice."""
    data = draw(messages)
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(data)))
        end = draw(st.integers(start, min(len(data), start + 30)))
        put = draw(
            st.one_of(
                st.binary(max_size=6),
                st.just(data[start:end] * 2),
                st.sampled_from((b"\x80", b"\x84\xff\xff\xff\xff", b"\x82\xff\xff", b"\x00")),
            )
        )
        data = data[:start] + put + data[end:]
    return data
