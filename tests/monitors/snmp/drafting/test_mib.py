"""A MIB's names, units and named numbers; what cannot be placed is left out, nothing else lost."""

from pathlib import Path

import pytest

from monitors.snmp.drafting.mib import parse_mib

CASES = Path(__file__).parent / "cases"
COOLER = "1.3.6.1.4.1.32473.7"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no MIB at all",
        "lost OBJECT IDENTIFIER ::= { somebodyElses 1 }",
        "a OBJECT IDENTIFIER ::= { b 1 }\nb OBJECT IDENTIFIER ::= { a 1 }",
        "open OBJECT-TYPE SYNTAX INTEGER { on(1",
    ],
    ids=["empty", "prose", "an import that nobody knows", "a circle", "cut off"],
)
def test_what_cannot_be_placed_is_left_out(text: str) -> None:
    assert parse_mib(text) == {}


def test_objects_have_their_names_units_and_numbers() -> None:
    objects = parse_mib((CASES / "COOLER-MIB.txt").read_text(encoding="utf-8"))
    assert objects[f"{COOLER}.1.1"].name == "airTemp"
    assert objects[f"{COOLER}.1.1"].units == "0.1 degrees C"
    assert objects[f"{COOLER}.1.2"].numbers == {1: "running", 2: "stopped"}
    assert objects[f"{COOLER}.2.1.3"].name == "feedVoltage"
