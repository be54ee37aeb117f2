"""The newest look at what was provisioned: kept whole, and refused when it is damaged."""

from pathlib import Path

import pytest

from inventory.provisioned_drift import (
    DriftedResource,
    DriftError,
    ProvisionedDrift,
    drift_path,
    keep_drift,
    kept_drift,
)

DRIFT = ProvisionedDrift(
    estate="lab",
    at=1000.5,
    looked_at=3,
    drifted=(DriftedResource(name="velgora-app", type="bastide:lab:Machine", gone=True),),
)


def test_before_the_first_look_there_is_none(tmp_path: Path) -> None:
    assert kept_drift(tmp_path) is None


def test_a_damaged_one_says_what_to_do(tmp_path: Path) -> None:
    keep_drift(tmp_path, DRIFT)
    drift_path(tmp_path).write_text('{"estate": "lab"}')
    with pytest.raises(DriftError, match=r"drift\.json(.|\n)*do: run `bastide infra drift"):
        kept_drift(tmp_path)


def test_the_newest_is_kept_for_its_owner_alone(tmp_path: Path) -> None:
    keep_drift(tmp_path, DRIFT.model_copy(update={"at": 1.0}))
    keep_drift(tmp_path, DRIFT)
    assert kept_drift(tmp_path) == DRIFT
    assert drift_path(tmp_path).stat().st_mode & 0o077 == 0


def test_what_another_version_has_written_more_is_let_pass(tmp_path: Path) -> None:
    keep_drift(tmp_path, DRIFT)
    text = drift_path(tmp_path).read_text()
    drift_path(tmp_path).write_text(text.replace('"at"', '"later": 1, "at"'))
    assert kept_drift(tmp_path) == DRIFT
