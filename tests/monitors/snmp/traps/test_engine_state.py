"""Our engine stays the same over restarts, and old traps stay old (RFC 3414, 2.2 and 3.2.7)."""

import json
from pathlib import Path

import pytest

from monitors.snmp.traps.engine_state import (
    FORGET_SECONDS,
    IDENTITY_FILE,
    LAST_BOOTS,
    MOST_ENGINES,
    Identity,
    SenderClocks,
    start_engine,
)
from monitors.snmp.wire.usm_message import Moment

ENGINE = b"\x80\x00\x7e\xd9\x04x"


def test_the_engine_stays_and_its_boots_grow(tmp_path: Path) -> None:
    starts = [start_engine(tmp_path) for _ in range(3)]
    assert len({start.engine for start in starts}) == 1
    assert starts[0].boots < starts[1].boots < starts[2].boots < 2**31


def test_the_id_is_one_that_rfc_3411_allows(tmp_path: Path) -> None:
    engine = bytes.fromhex(start_engine(tmp_path).engine)
    assert 5 <= len(engine) <= 32
    assert engine[0] & 0x80
    assert engine != bytes.fromhex(start_engine(tmp_path / "another").engine)


@pytest.mark.parametrize("kept", ["", "[]", "{", '{"engine": "zz", "boots": 1}', '{"boots": 1}'])
def test_a_damaged_file_begins_anew_with_more_boots_than_ever(tmp_path: Path, kept: str) -> None:
    before = start_engine(tmp_path)
    (tmp_path / IDENTITY_FILE).write_text(kept, encoding="utf-8")
    assert start_engine(tmp_path).boots >= before.boots


def test_boots_grow_even_where_the_clock_has_gone_back(tmp_path: Path) -> None:
    kept = {"engine": "80007ed905aa", "boots": 2_000_000_000}
    (tmp_path / IDENTITY_FILE).parent.mkdir()
    (tmp_path / IDENTITY_FILE).write_text(json.dumps(kept), encoding="utf-8")
    assert start_engine(tmp_path) == Identity("80007ed905aa", 2_000_000_001)


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
    clocks = SenderClocks(tmp_path / "clocks")
    assert clocks.is_fresh(Moment(ENGINE, 5, 1000), 1e9)
    assert clocks.is_fresh(Moment(ENGINE, boots, seconds), 1e9 + later) == fresh


def test_the_clocks_are_kept_over_a_restart(tmp_path: Path) -> None:
    before = SenderClocks(tmp_path / "clocks")
    before.is_fresh(Moment(ENGINE, 5, 1000), 1e9)
    before.save()
    assert not SenderClocks(tmp_path / "clocks").is_fresh(Moment(ENGINE, 5, 1000), 1e9 + 3600)


@pytest.mark.parametrize("kept", ["", "[]", "{", '{"zz": [1, 2, 3]}', '{"80": [1]}', '{"80": 1}'])
def test_a_damaged_file_counts_as_none(tmp_path: Path, kept: str) -> None:
    (tmp_path / "clocks").write_text(kept, encoding="utf-8")
    assert SenderClocks(tmp_path / "clocks").is_fresh(Moment(ENGINE, 5, 1000), 1e9)


def test_a_device_that_invents_engines_fills_no_memory(tmp_path: Path) -> None:
    clocks = SenderClocks(tmp_path / "clocks")
    for number in range(MOST_ENGINES + 10):
        clocks.is_fresh(Moment(number.to_bytes(6, "big"), 1, 1), 1e9)
    clocks.save()
    assert (tmp_path / "clocks").read_text(encoding="utf-8").count("[") == MOST_ENGINES


def test_a_device_that_counts_its_boots_anew_is_heard_again_after_a_week(tmp_path: Path) -> None:
    clocks = SenderClocks(tmp_path / "clocks")
    clocks.is_fresh(Moment(ENGINE, 1, 5_000_000), 1e9)
    assert not clocks.is_fresh(Moment(ENGINE, 1, 20), 1e9 + FORGET_SECONDS - 60)
    assert clocks.is_fresh(Moment(ENGINE, 1, 140), 1e9 + FORGET_SECONDS + 60)
