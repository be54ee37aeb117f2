"""The state of every plan of the inventory; what is unknown comes with a reason."""

import json
from pathlib import Path

import pytest

from monitors.audit.host_files import newest_content
from monitors.continuity.plan_states import PlanState, read_plan_states
from tests.monitors.continuity.state_folder import (
    HOST,
    NOW,
    ago,
    lab_estate,
    put_bundle,
    put_drill,
    put_failed_drill,
    status_text,
)

NO_PLANS = '{"host": "velgora-app", "at": "2026-01-01T00:00:00Z", "plans": []}'


def velgora(state: Path) -> PlanState:
    plans = read_plan_states(state, lab_estate(), newest_content)
    return next(plan for plan in plans if plan.objectives.host == HOST)


def test_every_plan_of_the_inventory_is_there_before_anything_is_known(tmp_path: Path) -> None:
    plans = read_plan_states(tmp_path, lab_estate(), newest_content)
    assert {plan.objectives.host for plan in plans} == {
        "velgora-app",
        "velgora-files",
        "kastrava-app",
        "aynzuhur-server",
    }
    assert all(plan.problem and not plan.within_rpo(NOW) for plan in plans)


@pytest.mark.parametrize(
    ("answer", "owner", "reason"),
    [
        ("", "root", "is empty"),
        ("{}", "www-data", "others may have written it"),
        ("{", "root", "not a backup status"),
        (status_text(ago(hours=1), host="kastrava-app"), "root", "answers for 'kastrava-app'"),
        (status_text(ago(hours=-2)), "root", "in the future"),
        (status_text(None, error="Permission denied"), "root", "Permission denied"),
        (status_text(None), "root", "holds no snapshot"),
        (NO_PLANS, "root", "does not know"),
    ],
)
def test_a_status_without_a_snapshot_says_why(
    tmp_path: Path, answer: str, owner: str, reason: str
) -> None:
    put_bundle(tmp_path, ago(minutes=1), answer, owner=owner)
    plan = velgora(tmp_path)
    assert plan.last_snapshot is None
    assert reason in (plan.problem or "")


def test_a_damaged_bundle_is_a_reason_not_a_crash(tmp_path: Path) -> None:
    path = put_bundle(tmp_path, ago(minutes=1), status_text(ago(hours=1)))
    path.write_bytes(path.read_bytes()[:40])
    assert path.name in (velgora(tmp_path).problem or "")


def test_only_the_newest_bundle_is_believed(tmp_path: Path) -> None:
    put_bundle(tmp_path, ago(days=1), status_text(ago(hours=30)))
    put_bundle(tmp_path, ago(minutes=1), "")
    assert velgora(tmp_path).last_snapshot is None


def test_a_fresh_snapshot_and_a_drill_are_reported(tmp_path: Path) -> None:
    put_bundle(tmp_path, ago(minutes=1), status_text(ago(hours=2)))
    put_drill(tmp_path, ago(days=1))
    plan = velgora(tmp_path)
    assert plan.problem is None
    assert plan.age_seconds(NOW) == pytest.approx(7200)
    assert plan.within_rpo(NOW)
    assert plan.last_drill
    assert plan.last_drill.ok


def test_a_snapshot_older_than_its_service_allows_is_outside_the_rpo(tmp_path: Path) -> None:
    put_bundle(tmp_path, ago(minutes=1), status_text(ago(hours=27)))
    assert not velgora(tmp_path).within_rpo(NOW)


def test_what_the_host_reported_is_passed_on(tmp_path: Path) -> None:
    put_bundle(tmp_path, ago(minutes=1), status_text(ago(hours=2)))
    plan = velgora(tmp_path)
    assert (plan.objectives.municipality, plan.objectives.plan) == ("velgora", "permits")
    assert plan.reported_at == ago(minutes=1)
    assert plan.last_snapshot == ago(hours=2)
    assert plan.snapshots == 3


@pytest.mark.parametrize(("age_seconds", "within"), [(26 * 3600, True), (26 * 3600 + 1, False)])
def test_the_rpo_itself_is_still_within(tmp_path: Path, age_seconds: int, within: bool) -> None:
    put_bundle(tmp_path, ago(minutes=1), status_text(ago(seconds=age_seconds)))
    assert velgora(tmp_path).within_rpo(NOW) == within


def test_a_host_that_was_never_audited_says_so(tmp_path: Path) -> None:
    plan = velgora(tmp_path)
    assert plan.problem == "the host was not audited yet"
    assert (plan.snapshots, plan.reported_at, plan.age_seconds(NOW)) == (0, None, None)
    assert plan.last_drill is None


def test_each_plan_of_a_host_has_its_own_snapshot(tmp_path: Path) -> None:
    status = json.loads(status_text(ago(hours=2)))
    other = {**status["plans"][0], "plan": "archive", "snapshot": None, "error": "no space left"}
    status["plans"] = [other, *status["plans"]]
    put_bundle(tmp_path, ago(minutes=1), json.dumps(status))
    assert velgora(tmp_path).last_snapshot == ago(hours=2)


def test_a_status_of_the_future_is_refused_though_its_snapshot_is_not(tmp_path: Path) -> None:
    status = json.loads(status_text(ago(hours=2))) | {"at": ago(hours=-1).isoformat()}
    put_bundle(tmp_path, ago(minutes=1), json.dumps(status))
    assert "in the future" in (velgora(tmp_path).problem or "")


def test_clocks_may_differ_a_little(tmp_path: Path) -> None:
    put_bundle(tmp_path, ago(minutes=1), status_text(ago(minutes=-4)))
    assert velgora(tmp_path).last_snapshot == ago(minutes=-4)


def test_a_bad_status_names_the_bundle_that_it_is_in(tmp_path: Path) -> None:
    path = put_bundle(tmp_path, ago(minutes=1), "{")
    assert str(path) in (velgora(tmp_path).problem or "")


def test_the_last_drill_may_have_failed(tmp_path: Path) -> None:
    put_drill(tmp_path, ago(days=9))
    put_failed_drill(tmp_path, ago(days=1))
    drill = velgora(tmp_path).last_drill
    assert drill
    assert not drill.ok


def test_snapshots_that_do_not_count_and_the_last_check_come_with_the_plan(tmp_path: Path) -> None:
    status = json.loads(status_text(ago(hours=2)))
    plan = status["plans"][0]
    plan["doubted"] = [{"id": "ab12cd34ef", "time": "2030-01-01T00:00:00Z", "why": "is from 2030"}]
    plan["check"] = {"at": ago(days=1).isoformat(), "ok": False, "error": "a pack is missing"}
    put_bundle(tmp_path, ago(minutes=1), json.dumps(status))
    state = velgora(tmp_path)
    assert (state.last_snapshot, state.problem) == (ago(hours=2), None)
    assert [doubt.why for doubt in state.doubted] == ["is from 2030"]
    assert state.check
    assert state.check.error == "a pack is missing"

    plan["snapshot"], plan["check"] = None, {}
    put_bundle(tmp_path, ago(minutes=0), json.dumps(status))
    state = velgora(tmp_path)
    assert state.problem == "the target holds none that counts: ab12cd34 is from 2030"
    assert state.check is None
