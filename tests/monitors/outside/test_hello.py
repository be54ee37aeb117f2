"""TLS' first messages: whatever comes back is an answer, a refusal, or a ValueError."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitors.outside.ciphers import BROKEN, CURRENT, OLD
from monitors.outside.hello import TLS_1_1, TLS_1_2, Chosen, chosen, client_hello, is_tls


def hello(version: int, cipher: int, session: bytes = b"") -> bytes:
    body = struct.pack(">H", version) + bytes(32) + bytes([len(session)]) + session
    body += struct.pack(">HB", cipher, 0)
    message = b"\x02" + struct.pack(">I", len(body))[1:] + body
    return b"\x16\x03\x03" + struct.pack(">H", len(message)) + message


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (b"\x15\x03\x01\x00\x02\x02\x46", Chosen()),
        (hello(0x0300, 0x000A), Chosen("SSL 3.0", 0x000A)),
        (hello(0x0301, 0x002F, b"s" * 32), Chosen("TLS 1.0", 0x002F)),
        (hello(0x0303, 0x0005), Chosen("TLS 1.2", 0x0005)),
        (hello(0x7F1C, 0x1301), Chosen("0x7f1c", 0x1301)),
    ],
)
def test_what_a_server_chose(answer: bytes, expected: Chosen) -> None:
    assert chosen(answer) == expected


@given(st.one_of(st.binary(max_size=120), st.binary(max_size=120).map(lambda b: b"\x16\x03" + b)))
def test_what_is_no_answer_is_refused_and_breaks_nothing(answer: bytes) -> None:
    try:
        choice = chosen(answer)
    except ValueError:
        return
    assert is_tls(answer)
    assert (choice.version is None) == (choice.cipher is None)


@pytest.mark.parametrize("version", [TLS_1_1, TLS_1_2])
def test_an_offer_has_the_lengths_that_it_says(version: int) -> None:
    record = client_hello(version, OLD, "app.velgora.test")
    assert int.from_bytes(record[3:5], "big") == len(record) - 5
    assert int.from_bytes(record[6:9], "big") == len(record) - 9
    assert b"app.velgora.test" in record


def test_current_cipher_suites_are_not_broken() -> None:
    assert not set(CURRENT) & set(BROKEN)
    assert set(OLD) & set(BROKEN)
