"""The audits' files are what is true: the store follows them, and can be made from them."""

from pathlib import Path

import pytest

from monitors.audit.archive.runs import save
from monitors.audit.history.catch_up import CaughtUp, catch_up, rebuild
from monitors.audit.history.database import DamagedError
from monitors.audit.history.queries import read_history
from monitors.audit.history.record import record
from monitors.audit.model.results import AuditRun
from tests.monitors.audit.history.sample_runs import run

APP = "velgora-app"
RUNS = tuple(run(number, {APP: letters}) for number, letters in enumerate(("pf", "pf", "fp", "pp")))


def kept(state: Path, *runs: AuditRun) -> None:
    for each in runs:
        save(each, state)


def test_what_is_missing_is_recorded_late_and_in_between(url: str, tmp_path: Path) -> None:
    kept(tmp_path, *RUNS)
    record(url, RUNS[0])
    record(url, RUNS[3])

    assert catch_up(url, tmp_path, "lab") == CaughtUp(recorded=2)
    assert catch_up(url, tmp_path, "lab") == CaughtUp(recorded=0)

    in_order = f"sqlite:///{tmp_path / 'other.sqlite'}"
    for each in RUNS:
        record(in_order, each)
    assert read_history(url, "lab") == read_history(in_order, "lab")


def test_an_audit_brings_along_those_that_could_not_be_recorded(url: str, tmp_path: Path) -> None:
    kept(tmp_path, *RUNS)
    assert catch_up(url, tmp_path, "lab") == CaughtUp(recorded=4)
    assert catch_up(url, tmp_path, "lab") == CaughtUp(recorded=0)


def test_files_that_cannot_be_used_are_reported_and_stop_nothing(url: str, tmp_path: Path) -> None:
    kept(tmp_path, *RUNS, run(9, {APP: "p"}).model_copy(update={"estate": "pilot"}))
    damaged = sorted((tmp_path / "audits").iterdir())[1]
    damaged.write_text("{")

    caught = catch_up(url, tmp_path, "lab")

    assert caught.recorded == 3
    assert len(caught.problems) == 2
    assert str(damaged) in caught.problems[0]
    assert "of the estate pilot, expected lab" in caught.problems[1]


def test_a_store_is_made_anew_from_the_files(url: str, tmp_path: Path) -> None:
    kept(tmp_path, *RUNS)
    other = run(0, {APP: "f"}).model_copy(update={"estate": "pilot"})
    record(url, other)
    record(url, run(2.5, {APP: "ff"}))
    pilot = read_history(url, "pilot")

    assert rebuild(url, tmp_path, "lab") == CaughtUp(recorded=4)

    fresh = f"sqlite:///{tmp_path / 'fresh.sqlite'}"
    rebuild(fresh, tmp_path, "lab")
    assert read_history(url, "lab") == read_history(fresh, "lab")
    assert read_history(url, "pilot") == pilot


def test_a_damaged_file_is_moved_aside_not_removed(tmp_path: Path) -> None:
    kept(tmp_path, *RUNS)
    file = tmp_path / "store.sqlite"
    url, content = f"sqlite:///{file}", b"no database" * 1000
    file.write_bytes(content)

    with pytest.raises(DamagedError):
        catch_up(url, tmp_path, "lab")
    assert rebuild(url, tmp_path, "lab") == CaughtUp(recorded=4)

    aside = tmp_path.glob("store.sqlite.damaged-*")
    assert [path.read_bytes() for path in aside] == [content]
    assert len(read_history(url, "lab").statuses) == 2
