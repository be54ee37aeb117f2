"""What is known of every expected plan; what is not known comes with a reason."""

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
    ("answer", "owner", "said"),
    [
        ("", "root", "is empty"),
        ("{}", "www-data", "others may have written it"),
        ("{", "root", "not a backup status"),
        (status_text(ago(hours=1), host="kastrava-app"), "root", "answers for 'kastrava-app'"),
        (status_text(ago(hours=-2)), "root", "in the future"),
        (status_text(None, error="Permission denied"), "root", "Permission denied"),
        (status_text(None), "root", "holds no snapshot"),
        (
            '{"host": "velgora-app", "at": "2026-01-01T00:00:00Z", "plans": []}',
            "root",
            "does not know",
        ),
    ],
)
def test_an_answer_that_tells_nothing_says_why(
    tmp_path: Path, answer: str, owner: str, said: str
) -> None:
    put_bundle(tmp_path, ago(minutes=1), answer, owner=owner)
    found = velgora(tmp_path)
    assert found.last_snapshot is None
    assert said in (found.problem or "")


def test_a_damaged_bundle_is_a_reason_not_a_crash(tmp_path: Path) -> None:
    path = put_bundle(tmp_path, ago(minutes=1), status_text(ago(hours=1)))
    path.write_bytes(path.read_bytes()[:40])
    assert path.name in (velgora(tmp_path).problem or "")


def test_only_the_newest_bundle_is_believed(tmp_path: Path) -> None:
    put_bundle(tmp_path, ago(days=1), status_text(ago(hours=30)))
    put_bundle(tmp_path, ago(minutes=1), "")
    assert velgora(tmp_path).last_snapshot is None


def test_a_fresh_snapshot_and_a_drill_are_told(tmp_path: Path) -> None:
    put_bundle(tmp_path, ago(minutes=1), status_text(ago(hours=2)))
    put_drill(tmp_path, ago(days=1))
    found = velgora(tmp_path)
    assert found.problem is None
    assert found.age_seconds(NOW) == pytest.approx(7200)
    assert found.within_rpo(NOW)
    assert found.last_drill
    assert found.last_drill.ok


def test_a_snapshot_older_than_its_service_allows_is_outside_the_rpo(tmp_path: Path) -> None:
    put_bundle(tmp_path, ago(minutes=1), status_text(ago(hours=27)))
    assert not velgora(tmp_path).within_rpo(NOW)
