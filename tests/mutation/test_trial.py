"""A mutant is tried on all tests wherever it is not known which of them run its line."""

import json
from pathlib import Path

import pytest

from tests.mutation.coverage import OUTSIDE, TRIED_FIRST
from tests.mutation.trial import LINES, stages

ALL = ["tests/of_the_module"]
MANY = [f"test_{number}" for number in range(TRIED_FIRST + 1)]


@pytest.mark.parametrize(
    ("line", "module", "expected"),
    [
        (1, "monitors/a.py", [ALL]),  # imports
        (2, "monitors/a.py", [MANY[:1]]),
        (3, "monitors/a.py", [MANY[:TRIED_FIRST], MANY[TRIED_FIRST:]]),
        (4, "monitors/a.py", [ALL]),  # a row of a table: to Python, its first line is run
        (2, "playbooks/a.py", [MANY[:1], ALL]),
    ],
)
def test_the_likely_tests_come_first_and_none_that_could_notice_is_left_out(
    line: int,
    module: str,
    expected: list[list[str]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    lines = {OUTSIDE: [1], **{test: [3] for test in MANY}, MANY[0]: [2, 3]}
    LINES.write_text(json.dumps(lines))
    assert list(stages(line, Path(module), ALL)) == expected
