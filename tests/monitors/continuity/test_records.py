"""Reading drill results and backup status: what is hostile is refused, with the file's name."""

import re
from pathlib import Path

import pytest

from monitors.continuity.records import (
    MAX_BYTES,
    ContinuityError,
    Depth,
    read_drill,
    read_status,
)

CASES = Path(__file__).parent / "cases"
BAD_DRILLS = sorted(p for p in (CASES / "drills").glob("*.json") if p.name != "good.json")
BAD_STATUS = sorted(p for p in (CASES / "status").glob("*.json") if p.name != "good.json")


@pytest.mark.parametrize("case", BAD_DRILLS, ids=lambda path: path.stem)
def test_a_bad_drill_result_is_refused_and_named(case: Path) -> None:
    with pytest.raises(ContinuityError, match=re.escape(case.name)):
        read_drill(case)


@pytest.mark.parametrize("case", BAD_STATUS, ids=lambda path: path.stem)
def test_a_bad_status_is_refused_and_its_origin_named(case: Path) -> None:
    with pytest.raises(ContinuityError, match="the-bundle"):
        read_status(case.read_text(), "the-bundle")


def test_a_file_too_large_to_be_a_result_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "big.json"
    with path.open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    with pytest.raises(ContinuityError, match="larger than"):
        read_drill(path)


def test_a_file_that_is_gone_is_an_error_not_a_crash(tmp_path: Path) -> None:
    with pytest.raises(ContinuityError, match="No such file"):
        read_drill(tmp_path / "gone.json")


def test_a_good_drill_result_keeps_what_was_measured() -> None:
    result = read_drill(CASES / "drills" / "good.json")
    assert (result.ok, result.depth) == (True, Depth.SERVICE)
    assert result.depth
    assert result.depth.number == 5
    assert result.rows["public.permits"] == 361
    assert result.rto_seconds == pytest.approx(5.646)


def test_a_newer_program_on_a_host_may_say_more() -> None:
    status = read_status((CASES / "status" / "good.json").read_text(), "a bundle")
    assert status.plans[0].snapshot
    assert status.plans[0].snapshot.snapshots == 2
