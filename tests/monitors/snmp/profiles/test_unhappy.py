"""Agents that answer little, oddly or wrongly still give what they really said."""

from pathlib import Path

import pytest

from tests.monitors.snmp.profiles.asked import Case, ask, cases

CASES = Path(__file__).parent / "cases"
# ``reported``: after public reports of faults, the values only, and others of the same kinds.
ALL = [*cases(CASES / "unhappy"), *cases(CASES / "reported")]


def named(line: str) -> str:
    """The metric of a line."""
    return line.partition("{")[0].partition(" ")[0]


@pytest.mark.parametrize("case", ALL, ids=lambda case: case.name)
def test_an_odd_agent_shows_what_makes_sense(case: Case) -> None:
    asked = ask(CASES / case.recording, case.pinned)
    assert set(case.profiles) <= set(asked.profiles)
    assert [line for line in case.shown if line not in asked.lines] == []
    assert asked.metrics & set(case.not_shown) == set()


@pytest.mark.parametrize("case", ALL, ids=lambda case: case.name)
def test_nothing_is_made_up(case: Case) -> None:
    """A case lists all samples of the metrics that it names; only those that are 0 it may omit."""
    asked = ask(CASES / case.recording, case.pinned)
    listed = {named(line) for line in case.shown}
    samples = [line for line in asked.lines if named(line) in listed and not line.endswith(" 0")]
    assert [line for line in samples if line not in case.shown] == []


@pytest.mark.parametrize("case", ALL, ids=lambda case: case.name)
def test_values_that_make_no_sense_are_reported(case: Case) -> None:
    problems = ask(CASES / case.recording, case.pinned).problems
    assert len(problems) == len(case.problems)
    assert all(any(part in text for text in problems) for part in case.problems)
