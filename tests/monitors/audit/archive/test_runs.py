"""Past runs are found newest first, and only as many are read as are wanted."""

from pathlib import Path

import pytest

from monitors.audit.archive.runs import (
    AuditError,
    load,
    load_latest,
    load_previous,
    past_runs,
    run_files,
    save,
)
from tests.monitors.audit.history.sample_runs import run

WHOLE = run(1, {"velgora-app": "p"}, label="before")
PART = run(2, {"velgora-app": "f"}, whole=False)
LAST = run(3, {"velgora-app": "p"}, label="after")


@pytest.fixture
def state(tmp_path: Path) -> Path:
    for each in (PART, LAST, WHOLE):
        save(each, tmp_path)
    (tmp_path / "audits" / "notes.json").write_text("no run")
    return tmp_path


def test_runs_are_yielded_newest_first(state: Path) -> None:
    assert list(past_runs(state)) == [LAST, PART, WHOLE]
    assert list(past_runs(state, "before")) == [WHOLE]
    assert [load(file) for file in run_files(state, "audit")] == [PART]


def test_the_latest_run_may_have_to_have_a_label_or_all_hosts(state: Path) -> None:
    assert load_latest(state) == LAST
    assert load_latest(state, "before") == WHOLE
    assert load_latest(state, "audit") == PART
    assert load_latest(state, "audit", whole=True) is None
    assert load_latest(state, whole=True) == LAST
    assert load_latest(state, "other") is None


def test_the_previous_run_is_the_newest_of_all_hosts_that_began_earlier(state: Path) -> None:
    assert load_previous(state, LAST) == WHOLE, "a run of some hosts is none to compare with"
    assert load_previous(state, PART) == WHOLE
    assert load_previous(state, WHOLE) is None, "no run is its own predecessor"


def test_a_damaged_run_hinders_only_those_who_need_it(state: Path) -> None:
    run_files(state)[1].write_text("{")

    assert load_latest(state) == LAST
    with pytest.raises(AuditError, match="not an audit's results"):
        load_previous(state, LAST)
