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

TRIED_FIRST = 5  # most mutants are noticed by the first test that is tried
NEARBY = 8  # lines around a mutant that belong to the same thought


class LineRecorder:
    """A pytest plugin that writes the lines of a module that each test runs, as JSON."""

    def __init__(self, module: Path, target: Path) -> None:
        self._module, self._target = str(module), target
        self._lines: dict[str, set[int]] = {}

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, Any, Any]:
        """Note what runs while a test does, in threads too; fixtures are not its own."""
        lines = self._lines.setdefault(item.nodeid, set())

        def in_module(frame: FrameType, _event: str, _argument: object) -> Any:
            lines.add(frame.f_lineno)
            return in_module

        def anywhere(frame: FrameType, _event: str, _argument: object) -> Any:
            if not frame.f_code.co_filename.endswith(self._module):
                return None
            return in_module(frame, _event, _argument)

        sys.settrace(anywhere)
        threading.settrace(anywhere)
        try:
            return (yield)
        finally:
            sys.settrace(None)
            threading.settrace(None)

    def pytest_sessionfinish(self) -> None:
        """Write what was noted."""
        noted = {test: sorted(lines) for test, lines in self._lines.items()}
        self._target.write_text(json.dumps(noted))


def likely_tests(line: int, lines_of_tests: Mapping[str, list[int]]) -> list[str]:
    """Return the tests that will notice a mistake in a line: those that run what few others do."""
    how_many = Counter(number for lines in lines_of_tests.values() for number in lines)
    rarity = {
        test: min(how_many[number] for number in lines if abs(number - line) <= NEARBY)
        for test, lines in lines_of_tests.items()
        if line in lines
    }
    return sorted(rarity, key=lambda test: rarity[test])[:TRIED_FIRST]
