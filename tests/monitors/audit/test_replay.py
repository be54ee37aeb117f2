"""A kept bundle judged again: by today's rules, by those of a date, always to the same bytes."""

from datetime import timedelta
from pathlib import Path

import pytest

from inventory.model.waivers import Waiver
from monitors.audit.archive.bundles import keep
from monitors.audit.evidence.inputs import InputsError, keep_inputs
from monitors.audit.evidence.records import seal
from monitors.audit.model.controls import ControlTable
from monitors.audit.model.declared import UndeclaredHostError
from monitors.audit.model.own_controls import controls_of
from monitors.audit.model.results import Outcome
from monitors.audit.replay import Basis, basis_on, basis_today, replay
from monitors.collection.bundle import BundleError
from tests.monitors.audit.estates import TABLE, audit_run, declared, lab, packed
from tests.monitors.audit.evidence.sealed_runs import sealed

APP = "velgora-app"
TODAY = basis_today(lab())


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    return keep(packed("fresh", APP), tmp_path, APP, audit_run("fresh").started)


def test_what_is_no_bundle_and_a_host_that_left_the_estate_are_refused(tmp_path: Path) -> None:
    damaged, stranger = tmp_path / "d.json.gz", tmp_path / "s.json.gz"
    damaged.write_bytes(packed("fresh", APP)[:-3])
    stranger.write_bytes(packed("fresh", "atlantis-app"))

    with pytest.raises(BundleError, match="truncated"):
        replay(damaged, TODAY)
    with pytest.raises(UndeclaredHostError, match="atlantis-app"):
        replay(stranger, TODAY)


def test_a_date_before_the_first_sealed_run_is_refused(tmp_path: Path) -> None:
    run, _ = sealed(tmp_path)
    with pytest.raises(InputsError, match="no run had been sealed"):
        basis_on(tmp_path, run.started.date() - timedelta(days=1))


def test_a_control_whose_check_is_gone_is_an_error_never_a_pass(bundle: Path) -> None:
    gone = TABLE.controls[0].model_copy(update={"check": "test_ssh.test_ssh_01_of_old"})
    old = Basis(ControlTable(controls=(gone,)), (), TODAY.declared)

    (result,) = replay(bundle, old).results

    assert result.outcome is Outcome.ERROR
    assert "test_ssh_01_of_old" in result.reason


def test_equal_inputs_give_equal_bytes(bundle: Path) -> None:
    first, second = (replay(bundle, TODAY).model_dump_json() for _ in range(2))
    assert first == second


def test_a_dated_basis_judges_by_the_controls_and_waivers_of_then(
    tmp_path: Path, bundle: Path
) -> None:
    run = audit_run("fresh")
    failing = next(
        result.control
        for host in run.hosts
        for result in host.results
        if host.host == APP and result.outcome is Outcome.FAIL
    )
    old = ControlTable(controls=tuple(c for c in TABLE.controls if c.id == failing))
    waiver = Waiver(
        control=failing,
        scope=APP,
        reason="The vendor mends it with the next release.",
        owner="Tarik Zuhr",
        approver="Mira Dolenc",
        measure="Logins are watched by the duty desk.",
        granted=run.started.date() - timedelta(days=3),
        expires=run.started.date() + timedelta(days=9),
    )
    inputs = keep_inputs(tmp_path, old, (waiver,), (declared(APP),))
    seal(run.model_copy(update={**dict(inputs), "hosts": ()}), tmp_path)

    then = replay(bundle, basis_on(tmp_path, run.started.date()))
    now = replay(bundle, TODAY)

    assert [(r.control, r.is_waived) for r in then.results] == [(failing, True)]
    assert len(now.results) == len(controls_of(lab().own).controls)
    assert not any(r.is_waived for r in now.results if r.control == failing)
