"""Which lines of a module each test runs, so that a mutant is tried first where it will be noticed.

Of our own, since coverage.py's dynamic contexts need its data file and a plugin of pytest, and
slow down the run for every module, not for one.
"""

import json
import sys
import threading
from collections import Counter
from collections.abc import Generator, Mapping
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

OUTSIDE = ""  # in a test's place: imports and fixtures, which are every test's
TRIED_FIRST = 5  # most mutants are noticed by the first test that is tried
NEARBY = 8  # lines around a mutant that belong to the same thought

LinesOfTests = Mapping[str, list[int]]


class LineRecorder:
    """A pytest plugin that writes the lines of a module that each test runs, as JSON."""

    def __init__(self, module: Path, target: Path) -> None:
        self._module, self._target = str(module), target
        self._lines: dict[str, set[int]] = {OUTSIDE: set()}
        self._test = OUTSIDE

    def pytest_sessionstart(self) -> None:
        """Begin, in threads too."""
        sys.settrace(self._anywhere)
        threading.settrace(self._anywhere)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, Any, Any]:
        """Note what runs from here as the test's."""
        sys.settrace(self._anywhere)  # anew: Python ends a trace that meets a RecursionError
        self._lines[item.nodeid], self._test = set(), item.nodeid
        try:
            return (yield)
        finally:
            self._test = OUTSIDE

    def pytest_sessionfinish(self) -> None:
        """Write what was noted."""
        sys.settrace(None)
        threading.settrace(None)
        noted = {test: sorted(lines) for test, lines in self._lines.items()}
        self._target.write_text(json.dumps(noted))

    def _anywhere(self, frame: FrameType, event: str, argument: object) -> Any:
        if not frame.f_code.co_filename.endswith(self._module):
            return None
        return self._in_module(frame, event, argument)

    def _in_module(self, frame: FrameType, _event: str, _argument: object) -> Any:
        self._lines[self._test].add(frame.f_lineno)
        return self._in_module


def who_runs(line: int, lines_of_tests: LinesOfTests) -> list[str]:
    """Return the tests that run a line, those first that run what few others do nearby."""
    how_many = Counter(number for lines in lines_of_tests.values() for number in lines)
    rarity = {
        test: min(how_many[number] for number in lines if abs(number - line) <= NEARBY)
        for test, lines in lines_of_tests.items()
        if line in lines and test != OUTSIDE
    }
    return sorted(rarity, key=lambda test: rarity[test])
