"""PDUs octet by octet (RFC 3416, 3), and bindings that hold too much or too little."""

import pytest

from monitors.snmp.client import BadAnswerError, Missing
from monitors.snmp.wire import ber, pdu

NAME = bytes((0x2B, 6, 1))
KINDS = {
    "GET": 0xA0,
    "NEXT": 0xA1,
    "RESPONSE": 0xA2,
    "SET": 0xA3,
    "BULK": 0xA5,
    "INFORM": 0xA6,
    "TRAP": 0xA7,
    "REPORT": 0xA8,
}


@pytest.mark.parametrize("name", KINDS)
def test_kinds_are_those_of_the_standard(name: str) -> None:
    kind = getattr(pdu, name)
    assert kind == KINDS[name]
    octets = pdu.encode(kind, 7, [], 1, 2)
    assert octets.hex() == f"{kind:02x}0b0201070201010201023000"
    assert pdu.decode(octets, 0, len(octets)) == pdu.Pdu(kind, 7, 1, 2, 13, 13)


@pytest.mark.parametrize("kind", [0xA4, 0xA9, 0x30, 0x02])
def test_other_kinds_are_refused(kind: int) -> None:
    octets = pdu.encode(kind, 7, [])
    with pytest.raises(BadAnswerError, match=f"octet 0: no kind of message: {kind:#04x}"):
        pdu.decode(octets, 0, len(octets))


def test_a_request_has_no_error_and_no_other_numbers() -> None:
    assert pdu.request(pdu.GET, 7, []).hex() == "a00b0201070201000201003000"
    assert pdu.encode(pdu.RESPONSE, 7, []).hex() == "a20b0201070201000201003000"


def test_a_bulk_request_carries_its_two_numbers() -> None:
    assert pdu.request(pdu.BULK, 1, [NAME], 3, 25).hex() == (
        "a514020101020103020119300930070603" + NAME.hex() + "0500"
    )


# RFC 3416, 3: the error-status of a PDU, in the order of its numbers.
ERROR_STATUS = (
    "noError tooBig noSuchName badValue readOnly genErr noAccess wrongType wrongLength "
    "wrongEncoding wrongValue noCreation inconsistentValue resourceUnavailable commitFailed "
    "undoFailed authorizationError notWritable inconsistentName"
)


def test_an_error_has_the_name_that_administrators_know() -> None:
    assert " ".join(pdu.error_name(status) for status in range(19)) == ERROR_STATUS
    assert (pdu.error_name(pdu.TOO_BIG), pdu.error_name(pdu.NO_SUCH_NAME)) == (
        "tooBig",
        "noSuchName",
    )


@pytest.mark.parametrize("status", [-1, 19])
def test_an_unknown_error_has_its_number(status: int) -> None:
    assert pdu.error_name(status) == f"error {status}"


@pytest.mark.parametrize(
    ("status", "text"),
    [
        (0, "noError"),
        (1, "tooBig: the value does not fit a message that the device takes"),
        (18, "inconsistentName: the object cannot be made as things are now"),
        (19, "error 19"),
        (-1, "error -1"),
    ],
)
def test_a_refusal_has_its_name_and_what_it_means(status: int, text: str) -> None:
    assert pdu.refusal(status) == text


def test_bindings_are_read_in_order_from_their_place() -> None:
    listed = pdu.binding(NAME, ber.INTEGER, b"\x05") + pdu.binding(NAME + b"\x01", 0x80, b"")
    data = b"\xff" + listed + b"\xff"
    assert pdu.bindings(data, 1, len(data) - 1) == [(NAME, 5), (NAME + b"\x01", Missing.OBJECT)]
    assert pdu.wire_bindings(data, 1, len(data) - 1) == [
        (NAME, ber.INTEGER, b"\x05"),
        (NAME + b"\x01", 0x80, b""),
    ]


def test_a_binding_of_three_is_refused() -> None:
    three = ber.tlv(ber.SEQUENCE, ber.tlv(ber.OID, NAME) + ber.integer(1) + ber.integer(2))
    with pytest.raises(BadAnswerError, match="octet 10: more than an OID and a value"):
        pdu.bindings(three, 0, len(three))


def test_a_binding_without_a_value_is_refused() -> None:
    alone = ber.tlv(ber.SEQUENCE, ber.tlv(ber.OID, NAME))
    with pytest.raises(BadAnswerError, match="the message ends within an element"):
        pdu.bindings(alone, 0, len(alone))
