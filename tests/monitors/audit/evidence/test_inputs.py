"""Which inputs were in force on a date, as the signed chain tells."""

from datetime import timedelta
from pathlib import Path

import pytest

from monitors.audit.evidence.inputs import CONTROLS, WAIVERS, InputsError, in_force, keep_inputs
from monitors.audit.evidence.records import seal
from monitors.audit.model.controls import ControlTable
from tests.monitors.audit.estates import TABLE
from tests.monitors.audit.evidence.sealed_runs import audited, sealed


def test_before_the_first_run_there_was_nothing_in_force(tmp_path: Path) -> None:
    run, _ = sealed(tmp_path)
    with pytest.raises(InputsError, match="no run had been sealed by"):
        in_force(tmp_path, run.started.date() - timedelta(days=1))
    with pytest.raises(InputsError, match="there is none at all"):
        in_force(tmp_path / "empty", run.started.date())


def test_each_date_has_the_control_set_of_its_newest_run(tmp_path: Path) -> None:
    old = ControlTable(controls=TABLE.controls[:5])
    run = audited(tmp_path, "fresh")
    inputs = keep_inputs(tmp_path, old, (), ())
    seal(run.model_copy(update=dict(inputs)), tmp_path)
    later, _ = sealed(tmp_path, days=2)

    day = run.started.date()
    assert CONTROLS.load(tmp_path, in_force(tmp_path, day).controls_sha256) == old
    then = in_force(tmp_path, later.started.date() + timedelta(days=9))
    assert CONTROLS.load(tmp_path, then.controls_sha256) == TABLE
    assert in_force(tmp_path, day + timedelta(days=1)) == in_force(tmp_path, day)


def test_an_input_that_was_changed_or_lost_is_refused(tmp_path: Path) -> None:
    digest = WAIVERS.keep(tmp_path, ())
    file = tmp_path / "evidence" / "waivers" / f"{digest}.json"
    file.write_bytes(b"[] ")
    with pytest.raises(InputsError, match="changed since it was kept"):
        WAIVERS.load(tmp_path, digest)
    file.unlink()
    with pytest.raises(InputsError, match="was not kept"):
        WAIVERS.load(tmp_path, digest)
