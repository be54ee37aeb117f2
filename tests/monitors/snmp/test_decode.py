"""Raw answers: what cannot be used is a value that says so."""

import pytest

from monitors.snmp.client import Raw
from monitors.snmp.decode import Problem, number, states, text
from monitors.snmp.profile import Number

OID = "1.3.6.1.4.1.32473.1"
GAUGE = Number(oid=OID, metric="load_ratio", help="h", type="gauge", scale=0.01)
COUNTER = Number(oid=OID, metric="things_total", help="h", type="counter")
STATES = Number(oid=OID, metric="state", help="h", type="gauge", states={1: "good", 2: "bad"})


@pytest.mark.parametrize("raw", [None, b"12", "1.3.6", b""])
def test_what_is_no_number_is_a_problem(raw: Raw) -> None:
    found = number(raw, GAUGE, OID)
    assert isinstance(found, Problem)
    assert "load_ratio: expected a number" in found.text


def test_a_counter_below_zero_is_a_problem() -> None:
    assert isinstance(number(-1, COUNTER, OID), Problem)


@pytest.mark.parametrize("raw", [0, 3, b"1", None])
def test_an_unknown_state_is_a_problem(raw: Raw) -> None:
    found = states(raw, STATES, OID)
    assert isinstance(found, Problem)
    assert "expected one of 1, 2" in found.text


def test_a_number_as_a_label_is_a_problem() -> None:
    assert isinstance(text(5, OID), Problem)


def test_counters_wrap_where_floats_lose_their_units() -> None:
    assert number(2**64 - 1, COUNTER, OID) == 2**53 - 1
    assert number(2**53 + 5, COUNTER, OID) == 5


def test_a_scaled_value_has_no_binary_noise() -> None:
    assert number(57, GAUGE, OID) == 0.57


def test_one_state_holds() -> None:
    assert states(2, STATES, OID) == {"good": 0, "bad": 1}


@pytest.mark.parametrize(
    ("raw", "label"),
    [
        (b"gi1/0/1", "gi1/0/1"),
        (b"Stra\xc3\x9fe", "Straße"),
        (b"Stra\xdfe", "Straße"),
        (b"two\r\nlines\x00", "two  lines"),
        ("1.3.6.1", "1.3.6.1"),
    ],
)
def test_text_is_made_fit_for_a_label(raw: Raw, label: str) -> None:
    assert text(raw, OID) == label
