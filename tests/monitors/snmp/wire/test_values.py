"""Values of every type (RFC 2578, 7.1), and what agents make of them by mistake."""

import pytest

from monitors.snmp.client import BadAnswerError, Missing, Raw
from monitors.snmp.wire import values

CASES: list[tuple[int, str, Raw]] = [
    (0x02, "ff", -1),
    (0x02, "00ff", 255),
    (0x02, "", 0),
    (0x02, 9 * "01", 0x010101010101010101),
    (0x04, "00ff", b"\x00\xff"),
    (0x05, "", None),
    (0x06, "2b06010201", "1.3.6.1.2.1"),
    (0x06, "", ""),
    (0x40, "c0000201", "192.0.2.1"),
    (0x40, "20010db8000000000000000000000001", "2001:db8::1"),
    (0x40, "c00002", b"\xc0\x00\x02"),
    (0x41, "ff", 255),
    (0x41, "00ffffffff", 2**32 - 1),
    (0x42, "ffffffff", 2**32 - 1),
    (0x43, "0100", 256),
    (0x44, "9f78043fc00000", 1.5),
    (0x44, "9f79083ff8000000000000", 1.5),
    (0x44, "9f78043fc000", bytes.fromhex("9f78043fc000")),
    (0x44, "9f78043fc0000000", bytes.fromhex("9f78043fc0000000")),
    (0x44, "9f79083ff80000000000", bytes.fromhex("9f79083ff80000000000")),
    (0x44, "9f79083ff800000000000000", bytes.fromhex("9f79083ff800000000000000")),
    (0x44, "0001020304050607080910", bytes.fromhex("0001020304050607080910")),
    (0x44, "00010203040506", bytes.fromhex("00010203040506")),
    (0x46, "00ffffffffffffffff", 2**64 - 1),
    (0x47, "80", 128),
    (0x80, "", Missing.OBJECT),
    (0x81, "", Missing.INSTANCE),
    (0x82, "", Missing.END),
]


@pytest.mark.parametrize(("tag", "content", "value"), CASES)
def test_a_value_is_read(tag: int, content: str, value: Raw) -> None:
    decoded = values.decode(tag, bytes.fromhex(content))
    assert (decoded, type(decoded)) == (value, type(value))


@pytest.mark.parametrize("tag", [0x02, 0x41, 0x42, 0x43, 0x46, 0x47])
def test_a_number_longer_than_any_is_refused(tag: int) -> None:
    with pytest.raises(BadAnswerError, match="a number of 10 octets"):
        values.decode(tag, bytes(10))


@pytest.mark.parametrize("tag", [0x00, 0x03, 0x45, 0x48, 0x83])
def test_an_unknown_type_is_refused(tag: int) -> None:
    with pytest.raises(BadAnswerError, match=f"a value of the unknown type {tag:#04x}"):
        values.decode(tag, b"")


def test_an_oid_that_is_cut_off_is_refused() -> None:
    with pytest.raises(BadAnswerError):
        values.decode(0x06, b"\x2b\x86")
