"""Who we are to those who send informs: the same after a restart, and never younger."""

import json
from pathlib import Path

import pytest

from monitors.snmp.traps import engine_state


def test_the_engine_stays_and_its_boots_grow(tmp_path: Path) -> None:
    starts = [engine_state.start(tmp_path) for _ in range(3)]
    assert len({start.engine for start in starts}) == 1
    assert starts[0].boots < starts[1].boots < starts[2].boots < 2**31


def test_the_id_is_one_that_rfc_3411_allows(tmp_path: Path) -> None:
    engine = bytes.fromhex(engine_state.start(tmp_path).engine)
    assert 5 <= len(engine) <= 32
    assert engine[0] & 0x80
    assert engine != bytes.fromhex(engine_state.start(tmp_path / "another").engine)


@pytest.mark.parametrize("kept", ["", "[]", "{", '{"engine": "zz", "boots": 1}', '{"boots": 1}'])
def test_a_damaged_file_begins_anew_with_more_boots_than_ever(tmp_path: Path, kept: str) -> None:
    before = engine_state.start(tmp_path)
    (tmp_path / engine_state.FILE).write_text(kept, encoding="utf-8")
    assert engine_state.start(tmp_path).boots >= before.boots


def test_boots_grow_even_where_the_clock_has_gone_back(tmp_path: Path) -> None:
    kept = {"engine": "80007ed905aa", "boots": 2_000_000_000}
    (tmp_path / engine_state.FILE).parent.mkdir()
    (tmp_path / engine_state.FILE).write_text(json.dumps(kept), encoding="utf-8")
    assert engine_state.start(tmp_path) == engine_state.Identity("80007ed905aa", 2_000_000_001)
