"""Which drill counts, and when the next one is due."""

from datetime import datetime
from pathlib import Path

import pytest

from monitors.continuity.drill_history import (
    DrillHistory,
    drill_files,
    due_targets,
    read_drill_history,
)
from tests.monitors.continuity.state_folder import (
    HOST,
    NOW,
    PLAN,
    ago,
    put_drill,
    put_failed_drill,
)

MONTH_SECONDS = 30 * 86_400
FIRST, SECOND = "central-vault", "far-vault"


def history_of(state: Path) -> DrillHistory:
    """The drills of the plan that the tests are of."""
    return read_drill_history(drill_files(state), HOST, PLAN, [FIRST], NOW)


def is_due(history: DrillHistory, seconds: float, now: datetime) -> bool:
    """Whether the plan's one copy is to be drilled."""
    return due_targets(history, seconds, now) == (FIRST,)


def of_two(state: Path) -> DrillHistory:
    return read_drill_history(drill_files(state), HOST, PLAN, [FIRST, SECOND], NOW)


def test_a_plan_that_was_never_drilled_is_due(tmp_path: Path) -> None:
    assert is_due(history_of(tmp_path), MONTH_SECONDS, NOW)


def test_a_failed_drill_does_not_hide_the_last_success(tmp_path: Path) -> None:
    put_drill(tmp_path, ago(days=40))
    put_failed_drill(tmp_path, ago(days=1))
    history = history_of(tmp_path)
    assert history.newest
    assert not history.newest.ok
    assert history.success
    assert history.success.started == ago(days=40)
    assert is_due(history, MONTH_SECONDS, NOW)


def test_a_recent_success_makes_another_unnecessary(tmp_path: Path) -> None:
    put_drill(tmp_path, ago(days=29))
    assert not is_due(history_of(tmp_path), MONTH_SECONDS, NOW)


def test_a_drill_of_tomorrow_is_not_believed(tmp_path: Path) -> None:
    put_drill(tmp_path, ago(days=-1))
    history = history_of(tmp_path)
    assert history.success is None
    assert "in the future" in history.unreadable[0]


def test_a_file_that_is_no_result_is_counted_and_passed_over(tmp_path: Path) -> None:
    put_drill(tmp_path, ago(days=2))
    put_drill(tmp_path, ago(days=1)).write_text("{")
    history = history_of(tmp_path)
    assert history.success
    assert history.success.started == ago(days=2)
    assert len(history.unreadable) == 1


def test_a_file_named_after_another_plan_does_not_count_for_it(tmp_path: Path) -> None:
    path = put_drill(tmp_path, ago(days=1))
    path.rename(path.with_name(path.name.replace(PLAN, "shares")))
    assert read_drill_history(drill_files(tmp_path), HOST, "shares", [FIRST], NOW).newest is None


@pytest.mark.parametrize(
    ("age_seconds", "due"), [(MONTH_SECONDS, False), (MONTH_SECONDS + 1, True)]
)
def test_a_drill_counts_until_it_is_older_than_its_interval(
    tmp_path: Path, age_seconds: int, due: bool
) -> None:
    put_drill(tmp_path, ago(seconds=age_seconds))
    assert is_due(history_of(tmp_path), MONTH_SECONDS, NOW) == due


@pytest.mark.parametrize(("ahead_minutes", "believed"), [(5, True), (6, False)])
def test_clocks_may_differ_a_little(tmp_path: Path, ahead_minutes: int, believed: bool) -> None:
    put_drill(tmp_path, ago(minutes=-ahead_minutes))
    history = history_of(tmp_path)
    assert (history.success is not None) == believed
    assert len(history.unreadable) == (not believed)


def test_the_newest_of_several_successes_counts(tmp_path: Path) -> None:
    for days in (9, 1, 5):
        put_drill(tmp_path, ago(days=days))
    history = history_of(tmp_path)
    assert history.success
    assert history.success.started == ago(days=1)
    assert history.newest == history.success


def test_the_newest_of_several_failures_is_shown(tmp_path: Path) -> None:
    for days in (3, 1, 2):
        put_failed_drill(tmp_path, ago(days=days))
    history = history_of(tmp_path)
    assert history.newest
    assert history.newest.started == ago(days=1)
    assert history.success is None


def test_what_lies_behind_the_last_success_is_not_read(tmp_path: Path) -> None:
    put_drill(tmp_path, ago(days=2)).write_text("{")
    put_drill(tmp_path, ago(days=1))
    assert history_of(tmp_path).unreadable == ()


def test_a_file_that_only_ends_like_a_result_of_the_plan_is_not_one(tmp_path: Path) -> None:
    path = put_drill(tmp_path, ago(days=1))
    path.rename(path.with_name(f"copy-of-{HOST}-{PLAN}.json"))
    history = history_of(tmp_path)
    assert (history.newest, history.unreadable) == (None, ())


def test_a_result_of_another_host_does_not_count(tmp_path: Path) -> None:
    path = put_drill(tmp_path, ago(days=1), host="kastrava-app", municipality="kastrava")
    path.rename(path.with_name(path.name.replace("kastrava-app", HOST)))
    history = history_of(tmp_path)
    assert (history.newest, history.success) == (None, None)


def test_a_drill_is_as_old_as_its_begin(tmp_path: Path) -> None:
    started = ago(seconds=MONTH_SECONDS + 60)
    put_drill(tmp_path, started, finished=ago(seconds=MONTH_SECONDS - 60).isoformat())
    assert is_due(history_of(tmp_path), MONTH_SECONDS, NOW)


def due(state: Path, *, force: bool = False) -> tuple[str, ...]:
    return due_targets(of_two(state), MONTH_SECONDS, NOW, force=force)


def test_a_copy_that_nobody_has_restored_is_due_although_the_other_was(tmp_path: Path) -> None:
    assert due(tmp_path) == (FIRST, SECOND)
    put_drill(tmp_path, ago(days=1), target=FIRST)
    assert due(tmp_path) == (SECOND,)


def test_a_drill_that_does_not_say_what_it_read_was_of_the_first_copy(tmp_path: Path) -> None:
    put_drill(tmp_path, ago(days=1))
    assert due(tmp_path) == (SECOND,)


def test_copies_are_restored_in_turn_one_in_each_period(tmp_path: Path) -> None:
    put_drill(tmp_path, ago(days=31), target=SECOND)
    put_drill(tmp_path, ago(days=59), target=FIRST)
    assert due(tmp_path) == (FIRST,)
    put_drill(tmp_path, ago(days=1), target=FIRST)
    assert due(tmp_path) == ()
    assert due(tmp_path, force=True) == (SECOND,)


def test_a_copy_whose_turn_has_passed_is_due_by_itself(tmp_path: Path) -> None:
    put_drill(tmp_path, ago(days=61), target=SECOND)
    put_drill(tmp_path, ago(days=2), target=FIRST)
    assert due(tmp_path) == (SECOND,)


def test_a_success_from_one_copy_does_not_hide_that_the_other_failed(tmp_path: Path) -> None:
    put_drill(tmp_path, ago(days=9), target=SECOND)
    put_failed_drill(tmp_path, ago(days=2), target=SECOND)
    put_drill(tmp_path, ago(days=1), target=FIRST)
    history = of_two(tmp_path)
    assert [copy.target for copy in history.failed] == [SECOND]
    assert history.newest
    assert history.newest.ok
    assert due(tmp_path) == (SECOND,)


def test_a_copy_on_a_host_that_is_no_target_any_more_proves_nothing(tmp_path: Path) -> None:
    put_drill(tmp_path, ago(days=1), target="old-vault")
    assert of_two(tmp_path).newest is None
    assert due(tmp_path) == (FIRST, SECOND)
