"""Lengths and numbers, octet by octet, as X.690 writes them; what is cut off or never ends."""

import pytest

from monitors.snmp.client import BadAnswerError
from monitors.snmp.wire import ber

TAGS = {"INTEGER": 0x02, "OCTETS": 0x04, "NULL": 0x05, "OID": 0x06, "SEQUENCE": 0x30}

LENGTHS = {
    0: "00",
    0x7F: "7f",
    0x80: "8180",
    0xFF: "81ff",
    0x100: "820100",
    0xFFFF: "82ffff",
    0x1_0000: "83010000",
}

NUMBERS = {
    0: "020100",
    1: "020101",
    127: "02017f",
    128: "02020080",
    255: "020200ff",
    256: "02020100",
    -1: "0201ff",
    -128: "020180",
    -129: "0202ff7f",
    -(2**31): "020480000000",
    2**31 - 1: "02047fffffff",
    2**64 - 1: "020900ffffffffffffffff",
}


@pytest.mark.parametrize("name", TAGS)
def test_tags_are_those_of_the_standard(name: str) -> None:
    assert getattr(ber, name) == TAGS[name]


@pytest.mark.parametrize("size", LENGTHS)
def test_a_length_has_the_fewest_octets(size: int) -> None:
    assert ber.length(size).hex() == LENGTHS[size]
    assert ber.tlv(4, bytes(size)) == b"\x04" + bytes.fromhex(LENGTHS[size]) + bytes(size)


@pytest.mark.parametrize("number", NUMBERS)
def test_a_number_has_the_fewest_octets_and_is_read_back(number: int) -> None:
    encoded = ber.integer(number)
    assert encoded.hex() == NUMBERS[number]
    # In the middle of a datagram, so that places and ends count.
    assert ber.number(b"\xff" + encoded + b"\xff", 1, len(encoded) + 2) == (
        number,
        len(encoded) + 1,
    )
    assert ber.number(encoded, 0, len(encoded)) == (number, len(encoded))


def test_a_number_may_have_another_tag() -> None:
    assert ber.integer(5, 0x41).hex() == "410105"


@pytest.mark.parametrize("size", [0, 1, 0x7F, 0x80, 0x1234])
def test_an_element_is_where_it_begins_and_ends(size: int) -> None:
    data = b"\xff" + ber.tlv(4, bytes(size)) + b"\xff"
    stop = len(data) - 1
    assert ber.element(data, 1, stop) == (4, stop - size, stop)
    assert ber.enter(data, 1, stop, 4) == (stop - size, stop)
    assert ber.enter(data, 1, len(data), 4) == (stop - size, stop)
    assert ber.octets(data, 1, stop) == (bytes(size), stop)


@pytest.mark.parametrize("length", ["00", "8100", "820000", "83000000", "8400000000"])
def test_a_length_may_be_written_long(length: str) -> None:
    data = b"\x04" + bytes.fromhex(length)
    assert ber.element(data, 0, len(data)) == (4, len(data), len(data))
    assert ber.octets(data, 0, len(data)) == (b"", len(data))


BROKEN = {
    "nothing": ("", "the message ends within an element"),
    "a tag": ("04", "the message ends within an element"),
    "content missing": ("0403aabb", "an element of 3 octets in 2"),
    "content missing after a long length": ("048103aabb", "an element of 3 octets in 2"),
    "an indefinite length": ("0480aabb0000", "a length that SNMP does not use"),
    "a length of five octets": ("04850000000001aa", "a length that SNMP does not use"),
    "a length cut off": ("048201", "a length that SNMP does not use"),
    "a length of four octets cut off": ("0484010203", "a length that SNMP does not use"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_what_does_not_end_is_refused(case: str) -> None:
    data, message = bytes.fromhex(BROKEN[case][0]), BROKEN[case][1]
    # More octets behind the end are not the element's.
    for datagram in (data, data + bytes(300)):
        for read in (ber.element, ber.octets):
            with pytest.raises(BadAnswerError, match=message):
                read(datagram, 0, len(data))


@pytest.mark.parametrize("length", ["80", "8500000000ff"])
def test_an_indefinite_or_endless_length_is_refused_however_much_follows(length: str) -> None:
    data = b"\x04" + bytes.fromhex(length) + bytes(300)
    for read in (ber.element, ber.octets):
        with pytest.raises(BadAnswerError, match="octet 1: a length that SNMP does not use"):
            read(data, 0, len(data))


@pytest.mark.parametrize("data", ["0400", "0401aa", "048101aa"])
def test_another_tag_is_refused(data: str) -> None:
    octets = bytes.fromhex(data)
    with pytest.raises(BadAnswerError, match="octet 0: expected tag 0x30, found 0x04"):
        ber.enter(octets, 0, len(octets), ber.SEQUENCE)
    with pytest.raises(BadAnswerError, match="octet 0: expected tag 0x02, found 0x04"):
        ber.number(octets, 0, len(octets))


@pytest.mark.parametrize(("data", "octets"), [("0200", 0), ("028100", 0), ("020a" + 10 * "01", 10)])
def test_a_number_of_no_octets_or_too_many_is_refused(data: str, octets: int) -> None:
    content = bytes.fromhex(data)
    with pytest.raises(BadAnswerError, match=f"a number of {octets} octets"):
        ber.number(content, 0, len(content))


@pytest.mark.parametrize("data", [b"", b"\x02"])
def test_a_number_of_which_nothing_has_come_is_refused(data: bytes) -> None:
    with pytest.raises(BadAnswerError, match="the message ends within an element"):
        ber.number(data, 0, len(data))


def test_a_number_that_ends_beyond_its_place_is_refused() -> None:
    with pytest.raises(BadAnswerError, match="an element of 2 octets in 1"):
        ber.number(bytes.fromhex("02020101"), 0, 3)


def test_a_number_with_a_long_length_is_read() -> None:
    assert ber.number(bytes.fromhex("02810105"), 0, 4) == (5, 4)
    assert ber.number(bytes.fromhex("028102fffe"), 0, 5) == (-2, 5)
    assert ber.number(bytes.fromhex("028109" + 9 * "01"), 0, 12) == (0x010101010101010101, 12)
