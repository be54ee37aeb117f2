"""Names of members: safe paths pass, whatever leads elsewhere is refused."""

from pathlib import PurePosixPath, PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitors.audit.evidence.member_names import unsafe_name

UNSAFE = (
    *("", ".", "..", "/", "a//b", "a/./b", "a/../b", "../a", "/a", "a/", "~/a", "-rf", ".ssh/x"),
    *("a\\b", "C:", "C:/a", "a:b", "a\0b", "a\nb", "a b", "a.", "a/b.", "nul", "x/COM1.txt"),
    *("\u202ea", "é", "a\u00ad", "a" * 201),
)
SAFE = ("run.json", "results/velgora-app.jsonl", "reports/2026.x-compliance.junit.xml", "a_b/c-d.e")


@pytest.mark.parametrize("name", UNSAFE)
def test_an_unsafe_name_is_refused(name: str) -> None:
    assert unsafe_name([name]) == f"{name!a}: not a safe path"


@pytest.mark.parametrize("names", [("a", "A"), ("a/b", "A/B"), ("a", "a/b"), ("a.b", "a/c", "a")])
def test_names_that_meet_when_unpacked_are_refused(names: tuple[str, ...]) -> None:
    assert "the same place" in str(unsafe_name(names))


def test_safe_names_are_safe() -> None:
    assert unsafe_name(SAFE) is None


@given(st.text(max_size=30))
def test_what_passes_stays_below_its_folder_everywhere(name: str) -> None:
    if unsafe_name([name]) is None:
        for path in (PurePosixPath(name), PureWindowsPath(name)):
            assert not path.is_absolute()
            assert not path.drive
            assert ".." not in path.parts
            assert path.as_posix() == name
