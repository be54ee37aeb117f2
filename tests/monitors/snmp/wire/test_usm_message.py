"""Messages of SNMPv3 octet by octet, and headers that RFC 3412 and 3414 do not allow."""

import pytest

from monitors.snmp.client import BadAnswerError, RefusedError, User
from monitors.snmp.wire import ber, pdu, usm_keys, usm_message
from monitors.snmp.wire.usm_message import Moment

ENGINE = bytes.fromhex("80007ed904") + b"quay"
NOW = Moment(ENGINE, 7, 1000)
KEYS = usm_keys.localized(User("bastide", "SHA256", "authentic", "AES", "encryption"), ENGINE)
SALT = bytes(range(8))
GET = pdu.request(pdu.GET, 1, [])
SEALED = usm_message.encode(42, NOW, KEYS, GET, SALT)
SIGNED_AT = usm_message.decode_header(SEALED).signature_at

DISCOVERY = (
    "3038 020103 300e 02012a 020300ffe3 040104 020103"
    "0410 300e 0400 020100 020100 0400 0400 0400"
    "3011 0400 0400 a00b 020101 020100 020100 3000"
)


def text(content: bytes) -> bytes:
    return ber.tlv(ber.OCTETS, content)


def message(
    version: int = 3,
    flags: bytes = b"\x04",
    model: int = 3,
    engine: bytes = ENGINE,
    boots: int = 7,
    time: int = 1000,
) -> bytes:
    head = ber.integer(42) + ber.integer(65507) + text(flags) + ber.integer(model)
    clock = ber.integer(boots) + ber.integer(time)
    security = text(engine) + clock + text(b"bastide") + text(b"signature") + text(b"salt")
    return ber.tlv(
        ber.SEQUENCE,
        ber.integer(version)
        + ber.tlv(ber.SEQUENCE, head)
        + text(ber.tlv(ber.SEQUENCE, security))
        + ber.tlv(ber.SEQUENCE, text(engine) + text(b"") + GET),
    )


def test_the_question_for_an_engines_id() -> None:
    octets = bytes.fromhex(DISCOVERY)
    assert usm_message.encode_clear(42, Moment(b"", 0, 0), GET) == octets
    header = usm_message.decode_header(octets)
    assert (header.message_id, header.flags, header.moment) == (42, 4, Moment(b"", 0, 0))
    assert usm_message.clear_pdu(header, octets) == pdu.Pdu(pdu.GET, 1, 0, 0, 58, 58)


def test_a_header_says_where_everything_lies() -> None:
    data = message()
    header = usm_message.decode_header(data)
    assert header[:5] == (42, 4, NOW, b"bastide", b"signature")
    assert data[header.signature_at :].startswith(b"signature")
    assert (header.salt, header.end) == (b"salt", len(data))
    assert data[header.start :].startswith(ber.tlv(ber.SEQUENCE, text(ENGINE) + text(b"") + GET))


@pytest.mark.parametrize(
    "allowed",
    [
        {"engine": bytes(32)},
        {"engine": b""},
        {"boots": 0, "time": 0},
        {"boots": 2**31 - 1, "time": 2**31 - 1},
    ],
)
def test_what_lies_at_the_edge_is_read(allowed: dict[str, int]) -> None:
    assert usm_message.decode_header(message(**allowed)).message_id == 42  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"version": 1}, "expected SNMPv3, found version 1"),
        ({"version": 4}, "expected SNMPv3, found version 4"),
        ({"flags": b""}, "flags , security model 3: expected USM"),
        ({"flags": b"\x04\x00"}, "flags 0400, security model 3: expected USM"),
        ({"model": 2}, "flags 04, security model 2: expected USM"),
        ({"engine": bytes(33)}, "that RFC 3414 does not allow"),
        ({"boots": -1}, "that RFC 3414 does not allow"),
        ({"boots": 2**31}, "that RFC 3414 does not allow"),
        ({"time": -1}, "that RFC 3414 does not allow"),
        ({"time": 2**31}, "that RFC 3414 does not allow"),
    ],
)
def test_what_the_standards_do_not_allow_is_refused(change: dict[str, int], error: str) -> None:
    with pytest.raises(BadAnswerError, match=error):
        usm_message.decode_header(message(**change))  # type: ignore[arg-type]


def test_a_sealed_message_is_signed_encrypted_and_reportable() -> None:
    header = usm_message.decode_header(SEALED)
    assert header[:4] == (42, 7, NOW, b"bastide")
    assert header.salt == SALT
    assert GET not in SEALED
    usm_message.verify(header, SEALED, KEYS)
    plain, content = usm_message.decrypt(header, SEALED, KEYS)
    assert plain == ber.tlv(ber.SEQUENCE, text(ENGINE) + text(b"") + GET)
    assert content == pdu.Pdu(pdu.GET, 1, 0, 0, len(plain), len(plain))


def test_a_sealer_may_leave_reports_out() -> None:
    assert usm_message.decode_header(usm_message.encode(42, NOW, KEYS, GET, SALT, 0)).flags == 3


@pytest.mark.parametrize(
    "change",
    [{"flags": 6}, {"user": b"another"}, {"signature": bytes(23)}, {"signature": bytes(25)}],
)
def test_what_is_not_signed_for_this_user_is_refused(change: dict[str, object]) -> None:
    header = usm_message.decode_header(SEALED)._replace(**change)  # type: ignore[arg-type]
    with pytest.raises(RefusedError, match="not signed for this user"):
        usm_message.verify(header, SEALED, KEYS)


@pytest.mark.parametrize("place", [20, SIGNED_AT - 1, SIGNED_AT + 24, -1])
def test_one_octet_changed_is_another_message(place: int) -> None:
    changed = bytearray(SEALED)
    changed[place] ^= 1
    header = usm_message.decode_header(SEALED)
    with pytest.raises(RefusedError, match="not signed with the user's key"):
        usm_message.verify(header, bytes(changed), KEYS)


@pytest.mark.parametrize("change", [{"flags": 5}, {"salt": bytes(7)}, {"salt": bytes(9)}])
def test_what_is_not_encrypted_is_refused(change: dict[str, object]) -> None:
    header = usm_message.decode_header(SEALED)._replace(**change)  # type: ignore[arg-type]
    with pytest.raises(BadAnswerError, match="not encrypted"):
        usm_message.decrypt(header, SEALED, KEYS)


def reported(kind: int, *oids: bytes) -> int | None:
    data = pdu.encode(kind, 1, [pdu.binding(oid, 0x41, b"\x01") for oid in oids])
    return usm_message.reported_statistic(data, pdu.decode(data, 0, len(data)))


USM_STATS = bytes.fromhex("2b060106030f0101")


def test_a_report_names_its_counter() -> None:
    assert [reported(pdu.REPORT, USM_STATS + bytes((n, 0))) for n in range(1, 7)] == [*range(1, 7)]
    assert reported(pdu.REPORT, b"\x2b", USM_STATS + b"\x04\x00") == 4
    assert set(usm_message.REPORTS) == set(range(1, 7))


def test_a_report_of_something_else_has_no_counter() -> None:
    assert reported(pdu.REPORT) == 0
    assert reported(pdu.REPORT, USM_STATS) == 0
    assert reported(pdu.REPORT, b"\x2b\x06\x01\x06\x03\x0f\x01\x02\x04\x00") == 0


def test_a_response_is_no_report() -> None:
    assert reported(pdu.RESPONSE, USM_STATS + b"\x04\x00") is None
