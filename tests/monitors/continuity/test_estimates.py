"""What a recovery will take, from the last drill's steps and how much data there is now."""

from pathlib import Path
from typing import Any

import pytest

from monitors.continuity.drill_history import CopyDrills, drill_files, read_drill_history
from monitors.continuity.estimates import GROWING, estimate_error, estimated_seconds
from monitors.continuity.records import read_drill
from tests.monitors.continuity.state_folder import HOST, NOW, PLAN, ago, put_drill, put_failed_drill
from tests.playbooks.programs import program

MIB = 2**20


def steps(restore: float) -> list[dict[str, object]]:
    """A drill that looked for five seconds, restored, and checked what no recovery would."""
    return [
        {"name": name, "depth": "L4", "recovery": recovery, "ok": True, "seconds": s, "error": None}
        for name, recovery, s in (
            ("find the newest snapshot", True, 5),
            ("check the repository's structure", False, 100),
            ("restore the snapshot", True, restore),
        )
    ]


def drills_of(state: Path) -> CopyDrills:
    (copy,) = read_drill_history(drill_files(state), HOST, PLAN, ["central-vault"], NOW).copies
    return copy


def put(state: Path, days: float, restore: float, octets: int | None = MIB) -> Path:
    return put_drill(state, ago(days=days), **took(days, restore, octets))


def took(days: float, restore: float, octets: int | None = MIB) -> dict[str, Any]:
    return {
        "depth": "L4",
        "rto_seconds": 5 + restore,
        "steps": steps(restore),
        "bytes_restored": octets,
        "finished": ago(days=days, seconds=-105 - restore).isoformat(),
    }


@pytest.mark.parametrize(
    ("octets", "seconds"),
    [(MIB, 15), (2 * MIB, 25), (MIB / 2, 10), (0, 5), (None, 15)],
)
def test_what_grows_with_the_data_is_scaled_and_the_rest_is_not(
    octets: float | None, seconds: float, tmp_path: Path
) -> None:
    assert estimated_seconds(read_drill(put(tmp_path, 1, 10)), octets) == seconds


@pytest.mark.parametrize("restored", [None, 0])
def test_a_drill_that_did_not_count_its_data_is_taken_as_it_is(
    restored: int | None, tmp_path: Path
) -> None:
    assert estimated_seconds(read_drill(put(tmp_path, 1, 10, restored)), 99 * MIB) == 15


def test_a_failed_drill_lets_expect_nothing(tmp_path: Path) -> None:
    assert estimated_seconds(read_drill(put_failed_drill(tmp_path, ago(days=1))), MIB) is None


def test_one_good_drill_has_nothing_to_be_held_against(tmp_path: Path) -> None:
    put(tmp_path, 1, 10)
    put_failed_drill(tmp_path, ago(hours=1))
    assert estimate_error(drills_of(tmp_path)) is None


@pytest.mark.parametrize(
    ("restore", "octets", "error"), [(10, MIB, 0), (25, MIB, 1), (20, 2 * MIB, 0), (5, MIB, -1 / 3)]
)
def test_the_newest_is_held_against_what_the_one_before_let_expect(
    restore: float, octets: int, error: float, tmp_path: Path
) -> None:
    put(tmp_path, 9, 10)
    put_failed_drill(tmp_path, ago(days=5))
    put(tmp_path, 1, restore, octets)
    history = drills_of(tmp_path)
    assert estimate_error(history) == pytest.approx(error)


def test_each_copy_is_held_against_itself_a_slower_way_is_no_wrong_estimate(tmp_path: Path) -> None:
    for days, restore, target in ((9, 10, "near"), (7, 50, "far"), (5, 10, "near"), (3, 50, "far")):
        put_drill(tmp_path, ago(days=days), target=target, **took(days, restore))
    history = read_drill_history(drill_files(tmp_path), HOST, PLAN, ["near", "far"], NOW)
    assert [estimate_error(copy) for copy in history.copies] == [0, 0]


def test_the_steps_that_grow_are_steps_of_a_recovery() -> None:
    recovery = {step.name for step in program("bastide_drill").STEPS if step.recovery}
    assert recovery >= GROWING


def test_a_drill_that_rebuilt_the_machine_is_held_against_none_that_did_not(tmp_path: Path) -> None:
    put(tmp_path, 9, 10)
    machine = {**steps(10)[2], "name": "make the machines", "depth": "L6", "seconds": 300}
    rebuilt = {"depth": "L6", "rto_seconds": 315, "steps": [*steps(10), machine]}
    ended = {"finished": ago(days=1, seconds=-500).isoformat()}
    put_drill(tmp_path, ago(days=1), **took(1, 10) | rebuilt | ended)
    assert estimate_error(drills_of(tmp_path)) is None
