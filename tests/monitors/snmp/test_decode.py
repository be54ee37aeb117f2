"""Raw answers: what cannot be used is a value that says so, what is not there is none."""

from typing import Any

import pytest

from monitors.snmp.client import Missing, Raw
from monitors.snmp.decode import DecodeProblem, admitted, bits, number, text
from monitors.snmp.profile import Number, Only, Text

OID = "1.3.6.1.4.1.32473.1"
OTHER, THIRD = "1.3.6.1.4.1.32473.2", "1.3.6.1.4.1.32473.3"


def spec(**changes: Any) -> Number:
    return Number.model_validate({"oid": OID, "metric": "load", "help": "h", **changes})


def nothing(_: str) -> Raw:
    return Missing.OBJECT


@pytest.mark.parametrize("raw", [b"12 of 24", b"many", b"\xff\xfe", "10.0.0.1 and more"])
def test_what_is_no_number_is_a_problem(raw: Raw) -> None:
    result = number(raw, spec(), nothing)
    assert isinstance(result, DecodeProblem)
    assert "load: expected a number" in result.text


@pytest.mark.parametrize("raw", [float("nan"), float("inf"), float("-inf")])
def test_a_float_that_is_none_is_a_problem(raw: Raw) -> None:
    assert isinstance(number(raw, spec(), nothing), DecodeProblem)


def test_a_counter_below_zero_is_a_problem() -> None:
    assert isinstance(number(-1, spec(type="counter"), nothing), DecodeProblem)


def test_text_without_a_number_is_a_problem_and_empty_text_is_nothing() -> None:
    assert isinstance(number(b"cold", spec(spelled=True), nothing), DecodeProblem)
    assert number(b" ", spec(spelled=True), nothing) is None


@pytest.mark.parametrize("raw", [None, *Missing])
def test_what_the_device_does_not_have_is_nothing(raw: Raw) -> None:
    assert number(raw, spec(), nothing) is None


@pytest.mark.parametrize(
    ("changes", "raw", "value"),
    [
        ({"scale": 0.01}, 57, 0.57),
        ({"absent": [-1, 65535]}, 65535, None),
        ({"matches": [3, 4]}, 4, 1),
        ({"matches": [3, 4]}, 5, 0),
        ({"add": -273.15, "scale": 0.1}, 2981, 24.95),
        ({"type": "counter"}, 2**64 - 1, 2**53 - 1),
        ({"type": "counter"}, 2**53 + 5, 5),
        ({"unsigned": True}, -1, 2**32 - 1),
        ({"spelled": True}, b"-65 dBm", -65),
        ({"spelled": True}, b"23.5", 23.5),
        ({"decibels": True}, b"0.501", -3.002),
        ({"decibels": True}, 0, None),
        ({"pattern": r"60 Secs \(\s*([\d.]+)%\)"}, b"5 Secs ( 31.1%) 60 Secs ( 16.75%)", 16.75),
        ({"words": {"ok": 1, "fault": 0}}, b" Fault\x00", 0),
        ({"words": {"ok": 1, "fault": 0}}, b"melted", None),
        ({}, "1.3.6.1.2.1.33.1.6.3.7", 7),
        ({}, 2**31, 2**31),
        ({}, b"0", 0),
        ({}, b"-3.5 C", -3.5),
        ({}, b"12,1V", 12.1),
        ({}, b"", None),
        ({}, b"N/A", None),
        ({"matches": [3]}, b"3", 1),
    ],
)
def test_a_value_becomes_the_number_of_its_profile(
    changes: dict[str, Any], raw: Raw, value: float | None
) -> None:
    assert number(raw, spec(**changes), nothing) == value


@pytest.mark.parametrize(
    ("changes", "beside", "value"),
    [
        ({"times": OTHER}, {OTHER: 4096}, 10 * 4096),
        ({"times": OTHER}, {}, None),
        ({"over": OTHER}, {OTHER: 40}, 0.25),
        ({"over": OTHER}, {OTHER: 0}, None),
        ({"over": OTHER}, {OTHER: -2}, None),
        ({"plus": [OTHER, THIRD]}, {OTHER: 5}, 15),
        ({"less": OTHER}, {OTHER: 4}, 6),
        ({"less": OTHER}, {}, None),
        ({"exponent": {"scale": OTHER, "precision": THIRD}}, {OTHER: 8, THIRD: 1}, 0.001),
        ({"exponent": {"scale": OTHER, "precision": THIRD}}, {OTHER: 10, THIRD: 0}, 10_000),
        ({"exponent": {"scale": OTHER, "precision": THIRD}}, {OTHER: 9}, 10),
        ({"exponent": {"scale": OTHER, "precision": THIRD}}, {OTHER: 10**9, THIRD: 0}, None),
        ({"exponent": {"scale": OTHER, "precision": THIRD}}, {}, None),
    ],
)
def test_other_columns_of_the_row_take_part(
    changes: dict[str, Any], beside: dict[str, Raw], value: float | None
) -> None:
    assert number(10, spec(**changes), lambda oid: beside.get(oid, Missing.OBJECT)) == value


CELSIUS = "a_temperature_celsius"


@pytest.mark.parametrize(
    ("changes", "raw", "value"),
    [
        ({"metric": CELSIUS}, 2**32 - 3, -3),
        ({"metric": CELSIUS}, 2**32 - 1, -1),
        ({"metric": CELSIUS}, 2**64 - 3, -3),
        ({"metric": CELSIUS, "scale": 0.1}, 2**16 - 35, -3.5),
        ({"metric": CELSIUS, "absent": [-1]}, 2**32 - 1, None),
        ({"metric": "a_signal_dbm"}, 2**32 - 71, -71),
        ({"metric": CELSIUS, "scales": [0.1]}, 235, 23.5),
        ({"metric": CELSIUS, "scales": [0.1, 0.01]}, 2350, 23.5),
        ({"metric": CELSIUS, "scales": [0.1]}, 23, 23),
        ({"metric": "a_cpu_load_ratio", "scale": 0.01, "scales": [0.0001]}, 606, 0.0606),
        ({"metric": "a_size_bytes"}, 2**40, 2**40),
    ],
)
def test_a_reading_is_what_such_a_sensor_can_have(
    changes: dict[str, Any], raw: Raw, value: float | None
) -> None:
    assert number(raw, spec(**changes), nothing) == value


@pytest.mark.parametrize(
    ("changes", "raw", "text"),
    [
        ({"metric": CELSIUS}, 335544320, "expected -60 to 200 degrees Celsius, found 335544320"),
        ({"metric": CELSIUS}, 2**32 - 128, "found 4294967168"),
        ({"metric": CELSIUS}, 2**16 - 1, "found 65535"),
        ({"metric": CELSIUS, "scale": 0.001}, 2**15 - 1, "found 32767, which devices write that"),
        ({"metric": "a_voltage_volts", "scale": 0.1}, -1, "found -1, which devices write that"),
        ({"metric": "a_power_watts"}, 2**32 - 1, "found 4294967295, which devices write that"),
        ({"metric": "a_size_bytes", "scale": 1024}, 2**31 - 1, "found 2147483647, which"),
        ({"metric": "wireless_clients"}, -2, "expected 0 to 1e+06 stations, found -2"),
        ({"metric": "ups_input_voltage_volts"}, 3276, "expected 0 to 1000 volts, found 3276"),
        ({"metric": CELSIUS, "range": [30, 150]}, 1, "expected 30 to 150 degrees Celsius, found 1"),
        ({"metric": "a_humidity_ratio", "scale": 0.01}, 254, "expected 0 to 1 as a ratio"),
        ({"range": [0, 10]}, 11, "expected 0 to 10, found 11"),
    ],
)
def test_a_reading_that_no_such_sensor_can_have_is_withheld_and_told(
    changes: dict[str, Any], raw: Raw, text: str
) -> None:
    result = number(raw, spec(**changes), nothing)
    assert isinstance(result, DecodeProblem)
    assert result.withheld
    assert text in result.text


@pytest.mark.parametrize(
    ("raw", "expected"),
    [(b"\xa0", {0, 2}), (b"\x00\x01", {15}), (b"", set()), (b"\x10", None), (7, None)],
)
def test_bits_count_from_the_highest_and_garbage_is_nothing(
    raw: Raw, expected: set[int] | None
) -> None:
    assert bits(raw, spec(bits={0: "a", 2: "b", 15: "c"})) == expected


@pytest.mark.parametrize(
    ("only", "raw", "shown"),
    [
        ({"values": [8]}, 8, True),
        ({"values": [8]}, b"8", True),
        ({"values": [8]}, b"eight", False),
        ({"values": [8]}, Missing.OBJECT, False),
        ({"values": [8], "optional": True}, Missing.OBJECT, True),
        ({"values": [8], "optional": True}, 9, False),
        ({"objects": ["1.3.6.1"]}, "1.3.6.1", True),
        ({"objects": ["1.3.6.1"]}, "1.3.6.1.2", True),
        ({"objects": ["1.3.6.1"]}, "1.3.6.12", False),
        ({"objects": ["1.3.6.1"]}, b".1.3.6.1.2", True),
        ({"least": 7}, 7, True),
        ({"least": 7}, 6, False),
        ({"least": 7, "most": 9}, b"10", False),
        ({"least": 7}, b"cold", False),
        ({"pattern": "(?i)temp"}, b"CPU Temperature", True),
        ({"pattern": "(?i)temp"}, b"Fan", False),
        ({"pattern": "x"}, 7, False),
    ],
)
def test_rows_are_admitted_by_another_column(only: dict[str, Any], raw: Raw, shown: bool) -> None:
    assert admitted(raw, Only.model_validate({"oid": OTHER, **only})) is shown


@pytest.mark.parametrize(
    ("changes", "raw", "label"),
    [
        ({}, b"gi1/0/1", "gi1/0/1"),
        ({}, b"Stra\xc3\x9fe", "Straße"),
        ({}, b"Stra\xdfe", "Straße"),
        ({}, b"two\r\nlines\x00", "two  lines"),
        ({}, b"\x00\x1b\x9d\x30\x01\x02", "00:1b:9d:30:01:02"),
        ({}, "1.3.6.1", "1.3.6.1"),
        ({}, 7, "7"),
        ({}, Missing.INSTANCE, ""),
        ({}, b"x" * 9999, "x" * 512),
        ({"form": "mac"}, b"abcdef", "61:62:63:64:65:66"),
        ({"form": "mac"}, b"C0:06:C3:00:11:22", "c0:06:c3:00:11:22"),
        ({"form": "address"}, b"\x0a\x00\x00\x01", "10.0.0.1"),
        ({"form": "address"}, b"\x01\x0a\x00\x00\x01", "10.0.0.1"),
        ({"form": "address"}, b"\x20\x01" + bytes(13) + b"\x01", "2001::1"),
        ({"form": "date"}, b"\x07\xea\x0b\x16\x03\x04\x05\x00", "2026-11-22T03:04:05"),
        ({"pattern": r"(\d+)$"}, "1.3.6.1.4.1.476.3", "3"),
        ({"enum": {6: "ethernet"}}, 6, "ethernet"),
        ({"enum": {6: "ethernet"}}, 7, "7"),
        ({"bits": {2: "bridge", 4: "router"}}, b"\x28", "bridge,router"),
        ({"bits": {2: "bridge"}}, b"\x28", ""),
    ],
)
def test_text_is_made_fit_for_a_label(changes: dict[str, Any], raw: Raw, label: str) -> None:
    assert text(raw, Text.model_validate({"label": "name", "oid": OID, **changes})) == label


def test_the_subtype_tells_the_form() -> None:
    chassis = Text(label="chassis", oid=OID, kind=OTHER, forms={4: "mac", 5: "address"})
    assert text(b"abcdef", chassis, 4) == "61:62:63:64:65:66"
    assert text(b"\x01\x0a\x00\x00\x01", chassis, 5) == "10.0.0.1"
    assert text(b"abcdef", chassis, 7) == "abcdef"
