"""The goals of services in words, out of what Prometheus has recorded."""

import json
import math

import pytest

from bastide.actions.goals import Goal, goals_of
from inventory.entries import services
from tests.monitors.audit.estates import lab

PERMITS = "velgora-permits"


def recorded(what: str, value: float, service: str = PERMITS) -> tuple[dict[str, str], float]:
    return {"__name__": f"service:{what}:ratio_30d", "service": service}, value


def of_permits(*samples: tuple[dict[str, str], float]) -> Goal:
    (goal,) = (goal for goal in goals_of(lab(), samples) if goal.service == PERMITS)
    return goal


def test_where_nothing_was_measured_nothing_is_called_well() -> None:
    goals = goals_of(lab(), ())
    assert {goal.service for goal in goals} == {entry.name for entry in services(lab())}
    assert not any(goal.is_safe for goal in goals)
    assert of_permits().line() == f"{PERMITS}: nothing is measured (goal 99.5 %)"
    assert of_permits(recorded("measured", 0)).line().endswith("nothing is measured (goal 99.5 %)")


def test_a_budget_of_nothing_is_no_number_in_json() -> None:
    goal = of_permits(recorded("budget_left", math.nan), recorded("available", -math.inf))
    assert json.loads(json.dumps(goal.as_json(), allow_nan=False)) == {
        "service": PERMITS,
        "municipality": "velgora",
        "objective": 0.995,
        "available": None,
        "budgetLeft": None,
        "measured": None,
    }


def test_a_service_that_the_estate_does_not_have_any_more_is_left_out() -> None:
    goals = goals_of(lab(), [recorded("budget_left", -1, "velgora-gone")])
    assert "velgora-gone" not in {goal.service for goal in goals}


@pytest.mark.parametrize(
    ("available", "left", "measured", "line"),
    [
        (1, 1, 1, "100 % answered of 99.5 %, 100 % of what it may miss is left"),
        (0.9999999, 0.99999, 1, "99.999 % answered of 99.5 %, 99 % of what it may miss is left"),
        (0.9951, 0.02, 0.995, "99.51 % answered of 99.5 %, 2 % of what it may miss is left"),
        (0.98, -3, 1, "98 % answered of 99.5 %, missed: 400 % of what it may miss"),
        (
            *(1, 1, 0.4319),
            "100 % answered of 99.5 %, 100 % of what it may miss is left "
            "(43.1 % of 30 days measured)",
        ),
    ],
)
def test_a_line_never_rounds_a_failure_away(
    available: float, left: float, measured: float, line: str
) -> None:
    goal = Goal(PERMITS, "velgora", 0.995, available, left, measured)
    assert goal.line() == f"{PERMITS}: {line}"


def test_the_least_left_comes_first_and_what_is_unknown_before_it() -> None:
    names = sorted(entry.name for entry in services(lab()))
    first, *rest = names
    samples = [recorded("budget_left", number, name) for number, name in enumerate(rest)]
    assert [goal.service for goal in goals_of(lab(), samples)] == [first, *rest]
    told = [*samples, recorded("budget_left", 99, first)]
    assert [goal.service for goal in goals_of(lab(), told)] == [*rest, first]


@pytest.mark.parametrize(
    ("left", "kept", "safe"), [(-0.01, False, False), (0.1, True, False), (0.25, True, True)]
)
def test_what_is_scarce_and_what_is_missed_are_told_apart(
    left: float, kept: bool, safe: bool
) -> None:
    goal = Goal(PERMITS, "velgora", 0.995, 0.99, left)
    assert (goal.is_kept, goal.is_safe) == (kept, safe)
