"""Whether a signed trap is fresh (RFC 3414, 3.2.7 b), over the years and over restarts."""

from pathlib import Path

import pytest

from monitors.snmp.traps.windows import FORGET_SECONDS, LAST_BOOTS, MOST_ENGINES, Windows
from monitors.snmp.wire.usm_message import Moment

ENGINE = b"\x80\x00\x7e\xd9\x04x"


@pytest.mark.parametrize(
    ("boots", "seconds", "later", "fresh"),
    [
        (5, 1000, 0, True),
        (5, 1010, 10, True),
        (5, 1000, 149, True),
        (5, 1000, 151, False),
        (5, 849, 0, False),
        (4, 9999, 0, False),
        (6, 0, 10, True),
        (LAST_BOOTS, 0, 0, False),
    ],
)
def test_after_a_trap_at_boots_5_and_1000_seconds(
    tmp_path: Path, boots: int, seconds: int, later: float, fresh: bool
) -> None:
    windows = Windows(tmp_path / "clocks")
    assert windows.fresh(Moment(ENGINE, 5, 1000), 1e9)
    assert windows.fresh(Moment(ENGINE, boots, seconds), 1e9 + later) == fresh


def test_the_clocks_are_kept_over_a_restart(tmp_path: Path) -> None:
    before = Windows(tmp_path / "clocks")
    before.fresh(Moment(ENGINE, 5, 1000), 1e9)
    before.keep()
    assert not Windows(tmp_path / "clocks").fresh(Moment(ENGINE, 5, 1000), 1e9 + 3600)


@pytest.mark.parametrize("kept", ["", "[]", "{", '{"zz": [1, 2, 3]}', '{"80": [1]}', '{"80": 1}'])
def test_a_damaged_file_counts_as_none(tmp_path: Path, kept: str) -> None:
    (tmp_path / "clocks").write_text(kept, encoding="utf-8")
    assert Windows(tmp_path / "clocks").fresh(Moment(ENGINE, 5, 1000), 1e9)


def test_a_device_that_invents_engines_fills_no_memory(tmp_path: Path) -> None:
    windows = Windows(tmp_path / "clocks")
    for number in range(MOST_ENGINES + 10):
        windows.fresh(Moment(number.to_bytes(6, "big"), 1, 1), 1e9)
    windows.keep()
    assert (tmp_path / "clocks").read_text(encoding="utf-8").count("[") == MOST_ENGINES


def test_a_device_that_counts_its_boots_anew_is_heard_again_after_a_week(tmp_path: Path) -> None:
    windows = Windows(tmp_path / "clocks")
    windows.fresh(Moment(ENGINE, 1, 5_000_000), 1e9)
    assert not windows.fresh(Moment(ENGINE, 1, 20), 1e9 + FORGET_SECONDS - 60)
    assert windows.fresh(Moment(ENGINE, 1, 140), 1e9 + FORGET_SECONDS + 60)
