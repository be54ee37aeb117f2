"""Real devices' recordings give values that were read off them by eye.

The recordings are not part of the project; where they are missing, nothing is tested.
"""

from pathlib import Path

import pytest

from tests.monitors.snmp.profiles.asked import RECORDINGS, Case, ask, cases

CASES = Path(__file__).parent / "cases" / "known"


@pytest.mark.parametrize("case", cases(CASES), ids=lambda case: case.name)
def test_a_recorded_device_shows_what_it_said(case: Case) -> None:
    path = RECORDINGS / case.recording
    if not path.exists():
        pytest.skip(f"{path}: the recordings of real devices are not on this machine")
    asked = ask(path)
    assert set(case.profiles) <= set(asked.profiles)
    assert [line for line in case.shown if line not in asked.lines] == []
    assert asked.metrics & set(case.not_shown) == set()


@pytest.mark.parametrize("case", cases(CASES), ids=lambda case: case.name)
def test_no_table_of_a_recorded_device_fails(case: Case) -> None:
    path = RECORDINGS / case.recording
    if not path.exists():
        pytest.skip(f"{path}: the recordings of real devices are not on this machine")
    failed = [outcome for outcome in ask(path).outcomes if outcome.profile in case.profiles]
    assert [outcome for outcome in failed if not outcome.success] == []
