"""A mutant is tried first on the tests that run its line and what few others run."""

import json
from pathlib import Path

import pytest

from tests.mutation.coverage import OUTSIDE, LineRecorder, who_runs

MODULE = """
def sign(number):
    if number < 0:
        return -1
    return 1
"""
TESTS = """
from threading import Thread
from pytest import raises
from sign import sign

def test_below():
    assert sign(-1) == -1

def test_above_in_a_thread():
    Thread(target=sign, args=(1,)).start()

def test_nothing():
    pass

def endless():
    sign(-1)
    endless()

def test_too_deep():
    with raises(RecursionError):
        endless()

def test_what_follows():
    assert sign(1) == 1
"""


def test_lines_are_those_that_each_test_runs_in_threads_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sign.py").write_text(MODULE)
    (tmp_path / "test_sign.py").write_text(TESTS)
    monkeypatch.syspath_prepend(tmp_path)
    recorder = LineRecorder(tmp_path / "sign.py", tmp_path / "lines.json")
    arguments = ["-q", "-p", "no:cacheprovider", f"--rootdir={tmp_path}"]
    assert pytest.main([*arguments, str(tmp_path / "test_sign.py")], plugins=[recorder]) == 0
    lines = json.loads((tmp_path / "lines.json").read_text())
    assert {name.partition("::")[2]: numbers for name, numbers in lines.items()} == {
        "test_below": [2, 3, 4],
        "test_above_in_a_thread": [2, 3, 5],
        "test_nothing": [],
        "test_too_deep": [2, 3, 4],
        "test_what_follows": [2, 3, 5],
        OUTSIDE: [0, 2],  # the module itself begins at 0
    }


def test_what_none_runs_no_test_will_notice() -> None:
    assert who_runs(9, {"one": [1, 2], OUTSIDE: [9]}) == []


def test_who_runs_what_few_others_run_comes_first() -> None:
    usual = {"usual": [1, 2], "as usual": [1, 2]}
    tests = who_runs(1, {OUTSIDE: [1], **usual, "rare": [1, 2, 3], "elsewhere": [50]})
    assert tests == ["rare", "usual", "as usual"]
