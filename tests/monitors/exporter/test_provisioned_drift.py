"""What differs from what was provisioned, as metrics."""

from pathlib import Path

import pytest

from inventory.load import load_estate
from inventory.paths import SHIPPED_ESTATES
from inventory.provisioned_drift import (
    DriftedResource,
    DriftError,
    ProvisionedDrift,
    UnreadResource,
    drift_path,
    keep_drift,
)
from monitors.exporter.provisioned_drift import collect
from tests.monitors.exporter.exporter_client import parsed_by_promtool
from tests.monitors.exposed import exposed

LAB = load_estate(SHIPPED_ESTATES / "lab")
MACHINE = "bastide:lab:Machine"


def samples(state: Path) -> dict[str, float]:
    text = exposed(collect(state, LAB))
    parsed_by_promtool(text)
    lines = (line for line in text.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines)}


def test_a_damaged_look_is_an_error_and_not_silence(tmp_path: Path) -> None:
    drift_path(tmp_path).parent.mkdir()
    drift_path(tmp_path).write_text("{")
    with pytest.raises(DriftError):
        list(collect(tmp_path, LAB))


def test_without_a_look_nothing_is_known(tmp_path: Path) -> None:
    assert samples(tmp_path) == {}


def test_a_look_that_found_nothing_says_zero_for_each_municipality(tmp_path: Path) -> None:
    keep_drift(tmp_path, ProvisionedDrift(estate="lab", at=5.0, looked_at=29))
    found = samples(tmp_path)
    assert found['bastide_infra_drifted_resources{municipality="velgora"}'] == 0
    assert found['bastide_infra_unread_resources{municipality="central"}'] == 0
    assert found["bastide_infra_drift_look_timestamp_seconds"] == 5


def test_what_differs_is_counted_and_named_and_what_all_share_is_central_s(tmp_path: Path) -> None:
    drifted = (
        DriftedResource(name="velgora-app", type=MACHINE, properties=("running",)),
        DriftedResource(name="velgora-files", type=MACHINE, gone=True),
        DriftedResource(name="wan", type="bastide:lab:Network", gone=True),
    )
    unread = (UnreadResource(name="kastrava-app", type=MACHINE, reason="no answer"),)
    look = ProvisionedDrift(estate="lab", at=5.0, looked_at=9, drifted=drifted, unread=unread)
    keep_drift(tmp_path, look)

    found = samples(tmp_path)

    assert found['bastide_infra_drifted_resources{municipality="velgora"}'] == 2
    assert found['bastide_infra_drifted_resources{municipality="central"}'] == 1
    assert found['bastide_infra_unread_resources{municipality="kastrava"}'] == 1
    named = [name for name in found if name.startswith("bastide_infra_resource_drift_info")]
    assert len(named) == 3
    assert any('change="gone"' in name and 'resource="velgora-files"' in name for name in named)
