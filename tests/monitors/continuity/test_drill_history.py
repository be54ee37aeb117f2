"""Which drill counts, and when the next one is due."""

from pathlib import Path

from monitors.continuity.drill_history import is_due, latest_drills, read_drill_history
from tests.monitors.continuity.state_folder import (
    HOST,
    NOW,
    PLAN,
    ago,
    put_drill,
    put_failed_drill,
)

MONTH_SECONDS = 30 * 86_400


def test_a_plan_that_was_never_drilled_is_due(tmp_path: Path) -> None:
    assert is_due(read_drill_history(tmp_path, HOST, PLAN, NOW), MONTH_SECONDS, NOW)


def test_a_failed_drill_does_not_hide_the_last_success(tmp_path: Path) -> None:
    put_drill(tmp_path, ago(days=40))
    put_failed_drill(tmp_path, ago(days=1))
    found = read_drill_history(tmp_path, HOST, PLAN, NOW)
    assert found.newest
    assert not found.newest.ok
    assert found.success
    assert found.success.started == ago(days=40)
    assert is_due(found, MONTH_SECONDS, NOW)


def test_a_recent_success_makes_another_unnecessary(tmp_path: Path) -> None:
    put_drill(tmp_path, ago(days=29))
    assert not is_due(read_drill_history(tmp_path, HOST, PLAN, NOW), MONTH_SECONDS, NOW)


def test_a_drill_of_tomorrow_is_not_believed(tmp_path: Path) -> None:
    put_drill(tmp_path, ago(days=-1))
    found = read_drill_history(tmp_path, HOST, PLAN, NOW)
    assert found.success is None
    assert "in the future" in found.unreadable[0]


def test_a_file_that_is_no_result_is_counted_and_passed_over(tmp_path: Path) -> None:
    put_drill(tmp_path, ago(days=2))
    put_drill(tmp_path, ago(days=1)).write_text("{")
    found = read_drill_history(tmp_path, HOST, PLAN, NOW)
    assert found.success
    assert found.success.started == ago(days=2)
    assert len(found.unreadable) == 1


def test_a_file_named_after_another_plan_does_not_count_for_it(tmp_path: Path) -> None:
    path = put_drill(tmp_path, ago(days=1))
    path.rename(path.with_name(path.name.replace(PLAN, "shares")))
    assert read_drill_history(tmp_path, HOST, "shares", NOW).newest is None


def test_latest_is_one_drill_a_plan(tmp_path: Path) -> None:
    put_drill(tmp_path, ago(days=3))
    put_failed_drill(tmp_path, ago(days=2))
    put_drill(tmp_path, ago(days=1), host="kastrava-app", municipality="kastrava")
    assert [(d.host, d.ok) for d in latest_drills(tmp_path)] == [
        ("kastrava-app", True),
        ("velgora-app", False),
    ]
