"""Updates that wait, as apt lists them, and lists that came to no end."""

import pytest

from monitors.inspection.model import Updates
from monitors.inspection.readers.software import read_updates

TIMES = "lists 1795770602\nnow 1795770766\n"
ZSTD = "libzstd1/stable-security,stable 1.5.7-1+deb13u1 amd64 [upgradable from: 1.5.7-1]\n"
TZDATA = "tzdata/oldstable-updates 2026f-0+deb12u1 all [upgradable from: 2026b-0+deb12u1]\n"


def test_those_of_security_are_told_apart() -> None:
    assert read_updates(f"Listing...\n{ZSTD}{TZDATA}whole\n{TIMES}") == Updates(
        packages=("libzstd1", "tzdata"), security=1, listed=1795770602, asked=1795770766
    )


def test_nothing_waits() -> None:
    assert read_updates(f"Listing...\nwhole\n{TIMES}") == Updates(
        packages=(), security=0, listed=1795770602, asked=1795770766
    )


@pytest.mark.parametrize("printed", ["", TIMES, f"Listing...\n{ZSTD}{TIMES}", "not whole\n"])
def test_a_list_that_came_to_no_end_is_none(printed: str) -> None:
    assert read_updates(printed) is None


@pytest.mark.parametrize("odd", ["now\n", "lists -1\n", "lists 9999999999999999999999\n", "a/b\n"])
def test_odd_lines_are_passed_over(odd: str) -> None:
    read = read_updates(f"Listing...\n{odd}{ZSTD}whole\n")
    assert read
    assert (read.packages, read.listed, read.asked) == (("libzstd1",), None, None)
