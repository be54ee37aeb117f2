"""What is pruned from the auditing machine, and above all what is not."""

import os
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import pytest

from monitors.audit.archive.bundles import keep
from monitors.audit.archive.retention import ALL_FOR, WEEKLY_FOR, prune, prune_daily
from monitors.audit.archive.runs import AuditError, load, run_files, save
from monitors.audit.archive.stamps import moment_of
from monitors.audit.model.results import AuditRun, HostAudit
from tests.monitors.audit.estates import audit_run

NOW = datetime(2027, 3, 10, 4, 0, tzinfo=UTC)
APP, EDGE = "velgora-app", "velgora-edge"


fresh = cache(lambda: audit_run("fresh"))


def _template(name: str) -> HostAudit:
    (host,) = (host for host in fresh().hosts if host.host == name)
    return host.model_copy(update={"results": host.results[:1]})


def audited(
    state: Path, days_ago: float, hosts: Sequence[str] = (APP, EDGE), label: str = "night"
) -> AuditRun:
    """Leave behind what an audit some days ago left: bundles, and a run that points to them."""
    started = NOW - timedelta(days=days_ago)
    audits = []
    for host in hosts:
        path = keep(b"packed", state, host, started + timedelta(seconds=1))
        audits.append(_template(host).model_copy(update={"bundle": str(path.relative_to(state))}))
    update = {"started": started, "label": label, "hosts": tuple(audits)}
    run = fresh().model_copy(update=update)
    save(run, state)
    return run


def ages(files: Sequence[Path]) -> list[int]:
    return sorted(round((NOW - moment_of(file)) / timedelta(days=1)) for file in files)


def bundles(state: Path, host: str = APP) -> list[Path]:
    return sorted((state / "bundles" / host).glob("*.json.gz"))


def test_a_damaged_run_stops_all_pruning_and_is_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for days_ago in (0, 50, 51, 500):
        audited(tmp_path, days_ago)
    damaged = run_files(tmp_path)[-1]
    damaged.write_text("{}")

    with pytest.raises(AuditError, match=damaged.name):
        prune(tmp_path, NOW)
    prune_daily(tmp_path, NOW)

    assert damaged.name in caplog.text
    assert len(run_files(tmp_path)) == len(bundles(tmp_path)) == 4


def test_no_kept_run_of_two_years_points_to_a_bundle_that_went(tmp_path: Path) -> None:
    for days_ago in range(0, 800, 3):
        audited(tmp_path, days_ago + 0.5, (APP, EDGE) if days_ago % 2 else (APP,))

    prune(tmp_path, NOW)

    for file in run_files(tmp_path):
        for host in load(file).hosts:
            assert (tmp_path / str(host.bundle)).exists(), file


def test_all_of_the_last_weeks_stays_then_one_a_week_then_nothing(tmp_path: Path) -> None:
    for days_ago in range(500):
        audited(tmp_path, days_ago, hosts=(APP,))

    prune(tmp_path, NOW)

    left = ages(run_files(tmp_path))
    assert left == ages(bundles(tmp_path))
    assert left[: ALL_FOR.days + 1] == list(range(ALL_FOR.days + 1))
    weekly = left[ALL_FOR.days + 1 :]
    weeks = [(NOW - timedelta(days=days)).isocalendar()[:2] for days in weekly]
    assert len(set(weeks)) == len(weeks) == (WEEKLY_FOR - ALL_FOR).days // 7 + 1
    assert WEEKLY_FOR.days - 7 <= weekly[-1] < WEEKLY_FOR.days


def test_a_host_that_only_an_earlier_run_of_the_week_asked_keeps_its_week(tmp_path: Path) -> None:
    everyone = audited(tmp_path, 100)
    only_one = audited(tmp_path, 99.9, hosts=(APP,))
    audited(tmp_path, 0)

    prune(tmp_path, NOW)

    kept = {load(file).started for file in run_files(tmp_path)}
    assert {everyone.started, only_one.started} <= kept


def test_the_newest_of_each_label_stays_whatever_its_age(tmp_path: Path) -> None:
    baseline = audited(tmp_path, 900, label="before")
    audited(tmp_path, 901, label="before")
    audited(tmp_path, 0)

    prune(tmp_path, NOW)

    assert [load(file).started for file in run_files(tmp_path, "before")] == [baseline.started]
    assert ages(bundles(tmp_path)) == [0, 900]


def test_the_newest_bundle_of_a_host_that_is_down_for_years_stays(tmp_path: Path) -> None:
    keep(b"older", tmp_path, APP, NOW - timedelta(days=801))
    newest = keep(b"newest", tmp_path, APP, NOW - timedelta(days=800))

    prune(tmp_path, NOW)

    assert bundles(tmp_path) == [newest]


def test_bundles_of_runs_that_were_killed_go_after_the_weeks_in_which_all_stays(
    tmp_path: Path,
) -> None:
    for days_ago in (40, 30, 0):
        keep(b"orphan", tmp_path, APP, NOW - timedelta(days=days_ago))

    prune(tmp_path, NOW)

    assert ages(bundles(tmp_path)) == [0, 30]


def test_parts_that_killed_writers_left_go_and_those_being_written_stay(tmp_path: Path) -> None:
    audited(tmp_path, 0)
    folder = tmp_path / "bundles" / APP
    old, fresh, foreign = (folder / n for n in (".a.json.gz.1.tmp", ".b.json.gz.2.tmp", "notes"))
    for file in (old, fresh, foreign):
        file.touch()
        os.utime(file, (NOW.timestamp(), NOW.timestamp() - (file != fresh) * 100_000))

    prune(tmp_path, NOW)

    assert [file.exists() for file in (old, fresh, foreign)] == [False, True, True]


def test_it_is_done_once_a_day(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    audited(tmp_path, 0)
    prune_daily(tmp_path, now)
    orphan = keep(b"orphan", tmp_path, APP, now - timedelta(days=300))

    prune_daily(tmp_path, now + timedelta(hours=3))
    assert orphan.exists()
    prune_daily(tmp_path, now + timedelta(hours=25))
    assert not orphan.exists()


def test_an_empty_state_folder_is_nothing_to_prune(tmp_path: Path) -> None:
    assert prune(tmp_path, NOW).runs == prune(tmp_path, NOW).bundles == ()
