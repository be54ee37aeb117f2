"""Reading drill results and backup status: what is hostile is refused, with the file's name."""

import json
import math
import re
from pathlib import Path
from typing import Any

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


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        pytest.param({"error": "no space left"}, "says ok", id="ok with an error"),
        pytest.param({"rto_seconds": None}, "says ok", id="ok without a measured recovery"),
        pytest.param({"steps": []}, "says ok", id="ok without a step"),
        pytest.param({"rto_seconds": 0}, "greater than 0", id="recovery in no time"),
        pytest.param({"rto_seconds": math.inf}, "finite", id="endless recovery"),
        pytest.param({"rpo_seconds": math.nan}, "finite", id="an age that is no number"),
        pytest.param({"files_verified": -1}, "greater than or equal to 0", id="minus one file"),
        pytest.param({"plan": "../permits"}, "pattern", id="a plan that is a path"),
        pytest.param({"plan": "a/../permits"}, "pattern", id="a plan that becomes a path"),
    ],
)
def test_a_result_that_contradicts_itself_is_refused(
    tmp_path: Path, changed: dict[str, Any], reason: str
) -> None:
    with pytest.raises(ContinuityError, match=reason):
        read_drill(written(tmp_path, changed))


def test_a_step_takes_no_negative_time(tmp_path: Path) -> None:
    steps = good()["steps"]
    steps[0]["seconds"] = -0.5
    with pytest.raises(ContinuityError, match=r"at steps\.0\.seconds"):
        read_drill(written(tmp_path, {"steps": steps}))


@pytest.mark.parametrize(
    ("lie", "said"),
    [
        ({"finished": "2026-11-21T21:22:19.799+00:00"}, "its steps took longer than all of it"),
        ({"rto_seconds": 0.001}, "its recovery was shorter than its steps"),
        ({"depth": "L6"}, "another depth than its steps reached"),
        ({"files_verified": 0, "rows": {}}, "although nothing was restored"),
        ({"files_verified": 0, "rows": {"public.permits": 0}}, "although nothing was restored"),
    ],
)
def test_a_drill_that_does_not_agree_with_itself_is_none(
    lie: dict[str, Any], said: str, tmp_path: Path
) -> None:
    with pytest.raises(ContinuityError, match=said):
        read_drill(written(tmp_path, lie))


def test_a_result_of_the_largest_size_is_read(tmp_path: Path) -> None:
    path = written(tmp_path, {})
    path.write_text(path.read_text().ljust(MAX_BYTES))
    assert read_drill(path).ok


def test_a_snapshot_that_is_none_of_any_is_refused() -> None:
    status = json.loads((CASES / "status" / "good.json").read_text())
    status["plans"][0]["snapshot"]["snapshots"] = 0
    with pytest.raises(ContinuityError, match="greater than or equal to 1"):
        read_status(json.dumps(status), "the-bundle")


def good() -> dict[str, Any]:
    """The good drill result, as its file has it."""
    result: dict[str, Any] = json.loads((CASES / "drills" / "good.json").read_text())
    return result


def written(folder: Path, changed: dict[str, Any]) -> Path:
    """The good drill result with some fields changed, as a file."""
    path = folder / "result.json"
    path.write_text(json.dumps(good() | changed))
    return path
