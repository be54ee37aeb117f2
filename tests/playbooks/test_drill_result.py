"""What a drill's steps add up to: nothing is proved or measured that did not pass."""

from collections.abc import Callable
from datetime import datetime
from types import ModuleType
from typing import Any

import pytest

from monitors.continuity.records import Depth
from tests.playbooks.programs import program

DRILL: ModuleType = program("drill_result")
STARTED = 1_700_000_000.0


def nothing(_: Any) -> None:
    """Pass."""


def failing(error: Exception) -> Callable[[Any], None]:
    def act(_: Any) -> None:
        raise error

    return act


def step(name: str, depth: int, act: Callable[[Any], None] = nothing, **settings: Any) -> Any:
    return DRILL.Step(name, depth, act, **settings)


def climbed(*steps: Any, database: str = "", data_time: float | None = STARTED - 60) -> Any:
    """Return the result of a drill that took these steps."""
    request = DRILL.Request(
        "app", "velgora", "permits", database, "vault", "192.0.2.1", 3600.0, "100%"
    )
    drill = DRILL.Drill(request, "password", "/nowhere", started=STARTED)
    drill.snapshot = {"id": "abc", "time": "2023-11-14T22:12:00Z"}
    DRILL.climb(drill, steps)
    return DRILL.result(drill, steps, data_time)


def test_the_first_fatal_failure_ends_the_climb_and_is_the_error() -> None:
    result = climbed(
        step("find", 0),
        step("read", 1, failing(DRILL.DrillError("a pack is missing"))),
        step("restore", 2),
    )
    assert (result["ok"], result["depth"]) == (False, "L0")
    assert result["error"] == "read: a pack is missing"
    assert [(s["name"], s["ok"], s["error"]) for s in result["steps"]] == [
        ("find", True, None),
        ("read", False, "a pack is missing"),
    ]
    assert (result["rpo_seconds"], result["rto_seconds"]) == (None, None)


@pytest.mark.parametrize("error", [OSError("no"), ValueError("no"), KeyError("a"), TypeError("no")])
def test_what_a_step_did_not_expect_fails_it_and_is_told_as_it_is(error: Exception) -> None:
    result = climbed(step("find", 0, failing(error)))
    assert result["steps"][0]["error"] == repr(error)
    assert result["depth"] is None


def test_a_mistake_of_the_program_itself_is_no_result() -> None:
    with pytest.raises(RuntimeError):
        climbed(step("find", 0, failing(RuntimeError("bug"))))


def test_a_failure_that_is_not_fatal_lets_the_rest_be_learned_and_is_one_all_the_same() -> None:
    old = failing(DRILL.DrillError("too old"))
    result = climbed(
        step("find", 0),
        step("age", 1, old, recovery=False, fatal=False),
        step("restore", 2, failing(DRILL.DrillError("later"))),
    )
    assert [s["ok"] for s in result["steps"]] == [True, False, False]
    assert result["error"] == "age: too old"
    assert result["depth"] == "L0"


def test_a_depth_counts_when_every_step_up_to_it_has_passed() -> None:
    no = failing(DRILL.DrillError("no"))
    assert climbed(step("a", 0), step("b", 1), step("c", 1, no))["depth"] == "L0"
    assert climbed(step("a", 0), step("b", 1), step("c", 2, no))["depth"] == "L1"
    assert climbed(step("a", 0, no, fatal=False), step("b", 1))["depth"] is None
    assert climbed(step("a", 0), step("b", 4))["depth"] == "L4"


def test_steps_of_a_database_are_for_plans_that_have_one() -> None:
    steps = (step("find", 0), step("load", 5, needs="database"))
    without, having = climbed(*steps), climbed(*steps, database="permits")
    assert (without["ok"], without["depth"], len(without["steps"])) == (True, "L0", 1)
    assert (having["ok"], having["depth"], len(having["steps"])) == (True, "L5", 2)


def test_recovery_is_measured_when_its_own_steps_have_passed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = iter(range(0, 900, 7))
    monkeypatch.setattr(DRILL.time, "monotonic", lambda: next(clock))
    old = failing(DRILL.DrillError("too old"))
    steps = (
        step("find", 0),
        step("age", 1, old, recovery=False, fatal=False),
        step("restore", 2),
    )
    result = climbed(*steps)
    assert [s["seconds"] for s in result["steps"]] == [7, 7, 7]
    assert [s["recovery"] for s in result["steps"]] == [True, False, True]
    assert (result["rto_seconds"], result["rpo_seconds"]) == (14, 60)


def test_without_the_datas_own_time_nothing_is_measured() -> None:
    result = climbed(step("find", 0), data_time=None)
    assert (result["rto_seconds"], result["rpo_seconds"]) == (None, None)


def test_a_result_says_whose_it_is_and_what_was_restored_when() -> None:
    result = climbed(step("find", 0))
    assert (result["host"], result["municipality"], result["plan"]) == (
        "app",
        "velgora",
        "permits",
    )
    assert (result["snapshot"], result["snapshot_time"]) == ("abc", "2023-11-14T22:12:00Z")
    assert (result["rows"], result["files_verified"], result["files_moved"]) == ({}, 0, 0)
    assert result["started"] == "2023-11-14T22:13:20.000+00:00"
    assert datetime.fromisoformat(result["finished"]).timestamp() > STARTED
    assert result["error"] is None
    assert result["steps"][0]["depth"] == "L0"


def test_its_depths_are_those_that_the_audit_knows_but_for_the_rebuilt_host() -> None:
    assert set(DRILL.DEPTHS) == {depth.value for depth in Depth} - {Depth.HOST.value}
    assert {f"L{step.depth}" for step in program("bastide_drill").STEPS} == set(DRILL.DEPTHS)
