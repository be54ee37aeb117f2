"""What is proved of each service: by the newest drill, with its file, and how surely."""

from hashlib import sha256
from pathlib import Path

import pytest

from monitors.audit.host_files import newest_content
from monitors.continuity.plan_states import read_plan_states
from monitors.continuity.proofs import PlanProof, ServiceProof, failure_bound, proofs
from tests.monitors.continuity.state_folder import (
    HOST,
    NOW,
    ago,
    lab_estate,
    put_drill,
    put_failed_drill,
    with_second_targets,
)


def found(state: Path) -> tuple[ServiceProof, ...]:
    states = read_plan_states(state, lab_estate(), newest_content)
    return proofs(lab_estate(), state, states, NOW)


def velgora(state: Path) -> PlanProof:
    (service,) = (
        one for one in found(state) if one.service and one.service.name == "velgora-permits"
    )
    (plan,) = service.plans
    assert service.proved == (not plan.wrong)
    return plan


def of_two(state: Path) -> PlanProof:
    """What is proved of a plan with a second copy."""
    states = read_plan_states(state, with_second_targets(), newest_content)
    services = proofs(with_second_targets(), state, states, NOW)
    plans = [plan for service in services for plan in service.plans]
    return next(plan for plan in plans if plan.state.objectives.host == HOST)


def test_what_was_never_drilled_is_not_proved(tmp_path: Path) -> None:
    plan = velgora(tmp_path)
    assert plan.wrong == ("never restored in a drill",)
    assert (plan.clean, plan.failure_bound, plan.evidence) == (0, None, ())


def test_a_failed_drill_ends_what_was_clean_before(tmp_path: Path) -> None:
    put_drill(tmp_path, ago(days=2))
    put_failed_drill(tmp_path, ago(days=1))
    plan = velgora(tmp_path)
    assert plan.wrong == ("the last drill failed: no snapshot",)
    assert (plan.clean, plan.evidence) == (0, ())


@pytest.mark.parametrize(
    ("days", "changed", "wrong"),
    [
        (31, {}, "restored last 31 days ago"),
        (1, {"rto_seconds": 25 * 3600.0}, "the restore took longer than the RTO"),
        (1, {"rpo_seconds": 27 * 3600.0}, "more than the RPO was lost"),
    ],
)
def test_less_than_was_promised_is_not_proved(
    days: int, changed: dict[str, float], wrong: str, tmp_path: Path
) -> None:
    put_drill(tmp_path, ago(days=days), **changed)
    assert velgora(tmp_path).wrong == (wrong,)


def test_a_good_drill_is_proof_with_its_file_and_hash(tmp_path: Path) -> None:
    put_failed_drill(tmp_path, ago(days=9))
    put_drill(tmp_path, ago(days=2))
    file = put_drill(tmp_path, ago(days=1))
    plan = velgora(tmp_path)
    assert plan.wrong == ()
    (evidence,) = plan.evidence
    assert (plan.clean, plan.newest, evidence.file) == (2, evidence, file)
    assert evidence.sha256 == sha256(file.read_bytes()).hexdigest()


def test_a_file_that_was_copied_counts_once(tmp_path: Path) -> None:
    file = put_drill(tmp_path, ago(days=1))
    file.with_name(f"20200101T000000{file.name[15:]}").write_bytes(file.read_bytes())
    assert velgora(tmp_path).clean == 1


def test_an_unreadable_file_ends_what_is_clean(tmp_path: Path) -> None:
    put_drill(tmp_path, ago(days=3))
    put_drill(tmp_path, ago(days=2)).write_text("{}")
    put_drill(tmp_path, ago(days=1))
    assert velgora(tmp_path).clean == 1


def test_of_two_copies_each_is_to_be_proved(tmp_path: Path) -> None:
    put_drill(tmp_path, ago(days=20), target="central-vault")
    assert of_two(tmp_path).wrong == ("the copy on far-vault was never restored in a drill",)
    put_failed_drill(tmp_path, ago(days=19), target="far-vault")
    first = put_drill(tmp_path, ago(days=1), target="central-vault")
    plan = of_two(tmp_path)
    assert plan.wrong == ("the last drill from far-vault failed: no snapshot",)
    assert [evidence.file for evidence in plan.evidence] == [first]
    second = put_drill(tmp_path, ago(hours=1), target="far-vault")
    plan = of_two(tmp_path)
    assert (plan.wrong, plan.clean) == ((), 2)
    assert [evidence.file for evidence in plan.evidence] == [first, second]
    assert plan.newest == plan.evidence[1]


def test_a_copy_that_drills_leave_out_is_told(tmp_path: Path) -> None:
    put_drill(tmp_path, ago(days=61), target="far-vault")
    put_drill(tmp_path, ago(days=1), target="central-vault")
    wrong = ("the copy on far-vault was restored last 61 days ago",)
    assert of_two(tmp_path).wrong == wrong


def test_hosts_without_a_service_are_told_too(tmp_path: Path) -> None:
    alone = [one for one in found(tmp_path) if one.service is None]
    assert [one.plans[0].state.objectives.host for one in alone] == ["velgora-files"]


@pytest.mark.parametrize(
    ("clean", "bound"), [(0, None), (1, 0.95), (3, 0.632), (12, 0.221), (58, 0.050)]
)
def test_the_bound_after_clean_drills_is_honest(clean: int, bound: float | None) -> None:
    assert failure_bound(clean) == (None if bound is None else pytest.approx(bound, abs=0.001))
