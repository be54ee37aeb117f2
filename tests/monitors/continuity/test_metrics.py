"""Continuity metrics: never a silent gap."""

import json
from pathlib import Path

from bastide.actions.backup_output import describe_drills, describe_second, plan_values
from inventory.model.estate import Estate
from monitors.audit.host_files import newest_content
from monitors.continuity.metrics import collect
from monitors.continuity.plan_states import read_plan_states
from monitors.continuity.records import read_drill
from tests.monitors.continuity.state_folder import (
    CASES,
    HOST,
    NOW,
    ago,
    lab_estate,
    put_bundle,
    put_drill,
    put_failed_drill,
    status_text,
    with_second_targets,
)
from tests.monitors.exposed import exposed, signatures

LABELS = {"municipality": "velgora", "host": HOST, "plan": "permits"}


def scraped(state: Path) -> dict[str, float]:
    """Return the series of one plan by metric name, as Prometheus would read them."""
    families = list(collect(state, lab_estate(), newest_content))
    samples = [sample for family in families for sample in family.samples]
    own = (LABELS, {**LABELS, "target": "central-vault"})
    return {sample.name: sample.value for sample in samples if sample.labels in own}


def test_a_plan_without_data_has_what_a_rule_can_join_and_no_invented_time(tmp_path: Path) -> None:
    values = scraped(tmp_path)
    assert values["bastide_backup_expected"] == 1
    assert values["bastide_backup_status_success"] == 0
    assert "bastide_backup_last_snapshot_timestamp_seconds" not in values
    assert "bastide_drill_last_success_timestamp_seconds" not in values


def test_a_failed_drill_shows_beside_the_last_success(tmp_path: Path) -> None:
    put_drill(tmp_path, ago(days=9))
    put_failed_drill(tmp_path, ago(days=1))
    values = scraped(tmp_path)
    assert values["bastide_drill_last_run_success"] == 0
    assert values["bastide_drill_depth"] == -1
    assert values["bastide_drill_last_success_timestamp_seconds"] == ago(days=9).timestamp()


def test_what_was_measured_is_exported_beside_its_target(tmp_path: Path) -> None:
    put_bundle(tmp_path, ago(minutes=1), status_text(ago(hours=2)))
    put_drill(tmp_path, ago(days=1))
    values = scraped(tmp_path)
    assert values["bastide_backup_last_snapshot_timestamp_seconds"] == ago(hours=2).timestamp()
    assert values["bastide_backup_rpo_target_seconds"] == 26 * 3600
    assert values["bastide_drill_depth"] == 5
    assert 0 < values["bastide_drill_rto_seconds"] < values["bastide_backup_rto_target_seconds"]
    assert values["bastide_drill_interval_target_seconds"] == 30 * 86_400


def test_a_file_that_cannot_be_read_is_counted(tmp_path: Path) -> None:
    put_drill(tmp_path, ago(days=1)).write_text("not a result")
    assert scraped(tmp_path)["bastide_drill_unreadable_files"] == 1


def test_names_types_and_labels_are_those_that_rules_and_dashboards_join_on(
    tmp_path: Path,
) -> None:
    put_bundle(tmp_path, ago(minutes=1), status_text(ago(hours=2)))
    put_drill(tmp_path, ago(days=2))
    put_drill(tmp_path, ago(days=1))
    plan = (
        "backup_expected",
        "backup_rpo_target_seconds",
        "backup_rto_target_seconds",
        "backup_interval_target_seconds",
        "backup_keep_target_seconds",
        "backup_status_success",
        "backup_status_timestamp_seconds",
        "backup_last_snapshot_timestamp_seconds",
        "backup_snapshots",
        "backup_doubted_snapshots",
        "drill_interval_target_seconds",
        "drill_unreadable_files",
    )
    copy = (
        "backup_copy_expected",
        "drill_last_run_success",
        "drill_last_run_timestamp_seconds",
        "drill_depth",
        "drill_last_success_timestamp_seconds",
        "drill_rpo_seconds",
        "drill_rto_seconds",
        "drill_estimate_error_ratio",
    )
    assert signatures(exposed(collect(tmp_path, lab_estate(), newest_content))) == {
        "bastide_backup_plans": ("gauge", ()),
        **{f"bastide_{name}": ("gauge", ("host", "municipality", "plan")) for name in plan},
        **{f"bastide_{n}": ("gauge", ("host", "municipality", "plan", "target")) for n in copy},
    }


def test_every_value_is_that_of_its_plan(tmp_path: Path) -> None:
    put_bundle(tmp_path, ago(minutes=1), status_text(ago(hours=2)))
    put_drill(tmp_path, ago(days=9))
    put_failed_drill(tmp_path, ago(days=1))
    good = read_drill(CASES / "drills" / "good.json")
    assert scraped(tmp_path) == {
        "bastide_backup_expected": 1,
        "bastide_backup_copy_expected": 1,
        "bastide_backup_rpo_target_seconds": 26 * 3600,
        "bastide_backup_rto_target_seconds": 24 * 3600,
        "bastide_backup_interval_target_seconds": 24 * 3600,
        "bastide_backup_keep_target_seconds": 90 * 86_400,
        "bastide_backup_status_success": 1,
        "bastide_backup_status_timestamp_seconds": ago(minutes=1).timestamp(),
        "bastide_backup_last_snapshot_timestamp_seconds": ago(hours=2).timestamp(),
        "bastide_backup_snapshots": 3,
        "bastide_backup_doubted_snapshots": 0,
        "bastide_drill_interval_target_seconds": 30 * 86_400,
        "bastide_drill_last_run_success": 0,
        "bastide_drill_last_run_timestamp_seconds": ago(days=1).timestamp(),
        "bastide_drill_depth": -1,
        "bastide_drill_last_success_timestamp_seconds": ago(days=9).timestamp(),
        "bastide_drill_rpo_seconds": good.rpo_seconds,
        "bastide_drill_rto_seconds": good.rto_seconds,
        "bastide_drill_unreadable_files": 0,
    }


def test_the_newest_drill_is_held_against_what_the_one_before_let_expect(tmp_path: Path) -> None:
    put_drill(tmp_path, ago(days=9), rto_seconds=10.0)
    assert "bastide_drill_estimate_error_ratio" not in scraped(tmp_path)
    put_drill(tmp_path, ago(days=1), rto_seconds=15.0)
    assert scraped(tmp_path)["bastide_drill_estimate_error_ratio"] == 0.5


def test_an_empty_target_has_no_count_of_snapshots(tmp_path: Path) -> None:
    put_bundle(tmp_path, ago(minutes=1), status_text(None))
    assert "bastide_backup_snapshots" not in scraped(tmp_path)


def test_plans_are_counted_even_when_there_are_none(tmp_path: Path) -> None:
    def plans(estate: Estate) -> float:
        (sample,) = next(iter(collect(tmp_path, estate, newest_content))).samples
        return sample.value

    assert plans(lab_estate()) == 4
    assert plans(lab_estate().model_copy(update={"municipalities": ()})) == 0


def test_drills_are_told_by_the_copy_that_they_have_read(tmp_path: Path) -> None:
    def told(name: str) -> dict[str, float]:
        families = collect(tmp_path, with_second_targets(), newest_content)
        samples = [s for family in families for s in family.samples if s.name == name]
        return {s.labels["target"]: s.value for s in samples if s.labels["host"] == HOST}

    put_failed_drill(tmp_path, ago(days=2), target="far-vault")
    put_drill(tmp_path, ago(days=1))
    assert told("bastide_drill_last_run_success") == {"central-vault": 1, "far-vault": 0}
    assert told("bastide_drill_last_success_timestamp_seconds") == {
        "central-vault": ago(days=1).timestamp()
    }
    states = read_plan_states(tmp_path, with_second_targets(), newest_content)
    (state,) = (state for state in states if state.objectives.host == HOST)
    assert "far-vault: FAILED: no snapshot" in describe_drills(state)
    assert plan_values(state, NOW)["drilled_copies"][1]["ok"] is False


def test_a_second_copy_is_expected_before_it_is_known_and_told_with_its_target(
    tmp_path: Path,
) -> None:
    def told(name: str) -> dict[str, float]:
        families = collect(tmp_path, with_second_targets(), newest_content)
        samples = [s for family in families for s in family.samples if s.name.endswith(name)]
        return {s.labels["target"]: s.value for s in samples if s.labels["host"] == HOST}

    assert told("backup_copy_expected") == {"central-vault": 1, "far-vault": 1}
    assert told("second_copy_expected") == {"far-vault": 1}
    assert told("second_copy_last_snapshot_timestamp_seconds") == {}
    status = json.loads(status_text(ago(hours=1)))
    held = {"id": "b0116522", "time": ago(hours=3).isoformat(), "snapshots": 2}
    copy = {"target": "far-vault", "snapshot": held, "error": None}
    status["plans"][0]["copies"] = [copy, {**copy, "target": "old-vault", "snapshot": None}]
    put_bundle(tmp_path, ago(minutes=1), json.dumps(status))
    assert told("second_copy_last_snapshot_timestamp_seconds") == {
        "far-vault": ago(hours=3).timestamp()
    }
    states = read_plan_states(tmp_path, with_second_targets(), newest_content)
    (state,) = (state for state in states if state.objectives.host == HOST)
    assert describe_second(state, NOW).endswith("on far-vault")
    held["time"] = "2126-01-01T00:00:00Z"
    put_bundle(tmp_path, ago(seconds=1), json.dumps(status))
    assert told("second_copy_last_snapshot_timestamp_seconds") == {}
