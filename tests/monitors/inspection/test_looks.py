from pathlib import Path

import pytest

from inventory.load import load_estate
from monitors.inspection import looks
from monitors.inspection.drift import Difference, Kind
from monitors.inspection.looks import Look, LookError, Newest
from monitors.inspection.metrics import collect
from tests.monitors.inspection.estates import write_estate
from tests.monitors.inspection.recorded import inspection

HOST = "central-ops"
DIFFERENT = Difference(kind=Kind.LISTENER, since="last look", text="new: tcp 1.2.3.4 port 5, nc")
NEWEST = Newest(
    host=HOST, at=200.0, accepted=100.0, differences=(DIFFERENT,), not_compared=(Kind.FIREWALL,)
)


def test_a_look_that_is_kept_comes_back(tmp_path: Path) -> None:
    look = Look(host=HOST, at=100.0, inspection=inspection("web"))
    assert looks.accepted(tmp_path, HOST) is None
    looks.accept(tmp_path, look)
    assert looks.accepted(tmp_path, HOST) == look
    looks.keep(tmp_path, NEWEST)
    assert looks.newest(tmp_path, HOST) == NEWEST


def test_a_damaged_look_says_what_to_do(tmp_path: Path) -> None:
    looks.keep(tmp_path, NEWEST)
    file = tmp_path / "looks" / f"{HOST}.drift.json"
    file.write_text(file.read_text()[:40])
    with pytest.raises(LookError, match="remove the file"):
        looks.newest(tmp_path, HOST)


def samples(state: Path, estate: Path) -> dict[tuple[str, ...], float]:
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in collect(state, load_estate(estate))
        for sample in family.samples
    }


def test_drift_is_a_metric_by_kind_and_what_was_not_compared_has_no_sample(tmp_path: Path) -> None:
    estate = write_estate(tmp_path / "estate")
    looks.keep(tmp_path / "state", NEWEST)
    got = samples(tmp_path / "state", estate)
    assert got["bastide_host_drift", "central", HOST, "listener"] == 1
    assert got["bastide_host_drift", "central", HOST, "login"] == 0
    assert ("bastide_host_drift", "central", HOST, "firewall") not in got
    assert got["bastide_host_look_timestamp_seconds", "central", HOST] == 200
    assert got["bastide_host_looks_unreadable",] == 0


def test_a_damaged_look_is_counted_and_a_host_without_one_is_none(tmp_path: Path) -> None:
    estate = write_estate(tmp_path / "estate")
    assert samples(tmp_path, estate) == {("bastide_host_looks_unreadable",): 0}
    (tmp_path / "looks").mkdir()
    (tmp_path / "looks" / f"{HOST}.drift.json").write_text("{")
    assert samples(tmp_path, estate) == {("bastide_host_looks_unreadable",): 1}
