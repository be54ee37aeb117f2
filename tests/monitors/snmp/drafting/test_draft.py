"""A draft is a profile that can be used, reads what nobody reads, and marks what is guessed."""

from pathlib import Path

import pytest
import yaml

from monitors.snmp.drafting.draft import draft
from monitors.snmp.drafting.guess import guess
from monitors.snmp.drafting.mib import MibObject, parse_mib
from monitors.snmp.profile import Profile
from monitors.snmp.profile_files import shipped_profiles
from monitors.snmp.recording.reader import parse, read
from monitors.snmp.recording.recorded_session import poll_recording

CASES = Path(__file__).parent / "cases"
RECORDING = read(CASES / "cooler.snmprec")
OURS = shipped_profiles()
MIB = parse_mib((CASES / "COOLER-MIB.txt").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "lines",
    [
        "1.3.6.1.2.1.1.5.0|4|cooler\n",
        "1.3.6.1.4.1.318.1.1.1.4.1.1.0|2|2\n",
        "1.3.6.1.4.1.32473.7.2.1.2.1|4|texts alone\n",
    ],
    ids=["nothing of a maker", "what a profile reads", "no numbers"],
)
def test_where_there_is_nothing_to_add_there_is_no_draft(lines: str) -> None:
    assert draft("odd", parse(lines.encode(), "odd"), OURS.values(), {}) == ""


@pytest.mark.parametrize("mib", [{}, MIB], ids=["without a MIB", "with one"])
def test_a_draft_is_a_profile_that_reads_the_device(mib: dict[str, MibObject]) -> None:
    text = draft("cooler", RECORDING, OURS.values(), mib)
    profile = Profile.model_validate(yaml.safe_load(text))
    progress, families = poll_recording(RECORDING, catalogue={"cooler": profile})
    assert [each.profile for each in progress.profiles] == ["cooler"]
    assert sum(len(family.samples) for family in families) == 2 + 2 * 2


def test_units_are_guessed_from_names_and_told_as_guesses() -> None:
    text = draft("cooler", RECORDING, OURS.values(), MIB)
    assert "metric: bastide_snmp_temperature_celsius  # a guess from the name" in text
    assert "scale: 0.1  # a guess from the value" in text
    assert "{label: sensor, oid: 1.3.6.1.4.1.32473.7.2.1.2}  # a guess" in text
    assert 'enum: {1: "running", 2: "stopped"}' in text


@pytest.mark.parametrize(
    ("name", "units", "value", "metric", "scale"),
    [
        ("airTemp", "", 23, "temperature_celsius", 1),
        ("airTemp", "", 2350, "temperature_celsius", 0.01),
        ("roomHumidity", "", 45, "humidity_ratio", 0.01),
        ("roomHumidity", "", 455, "humidity_ratio", 0.001),
        ("lineA", "Volts", 2305, "voltage_volts", 0.1),
        ("fanSpeed", "", 4200, "fan_speed_rpm", 1),
    ],
)
def test_names_units_and_values_suggest_metric_and_scale(
    name: str, units: str, value: int, metric: str, scale: float
) -> None:
    guessed = guess(MibObject(name, units), [value])
    assert guessed is not None
    assert (guessed.metric, guessed.scale) == (f"bastide_snmp_{metric}", scale)


def test_without_a_name_nothing_is_guessed() -> None:
    assert guess(None, [23]) is None
    assert guess(MibObject("serialNumber"), [23]) is None
