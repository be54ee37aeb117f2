"""The chain: each run names the one before; a changed, cut or foreign link is named."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from monitors.audit.evidence.chain import ChainError, InputHashes, Link, append, load_chain

INPUTS = InputHashes(
    controls_sha256="01" * 32,
    waivers_sha256="02" * 32,
    declared_sha256="03" * 32,
    checks_sha256="04" * 32,
)
STARTED = datetime(2026, 11, 21, 12, tzinfo=UTC)


def add(state: Path, label: str = "audit") -> Link:
    return append(
        state,
        estate="lab",
        label=label,
        started=STARTED,
        inputs=INPUTS,
        root="ab" * 32,
        leaves=7,
    )


def file_of(state: Path) -> Path:
    return state / "evidence" / "chain.jsonl"


@pytest.fixture
def three(tmp_path: Path) -> Path:
    for label in ("one", "two", "three"):
        add(tmp_path, label)
    return tmp_path


def rewrite(state: Path, number: int, changes: dict[str, Any]) -> None:
    """Change a link's record, in canonical form again, as a forger without the key can."""
    lines = file_of(state).read_bytes().splitlines()
    link = json.loads(lines[number - 1])
    link["record"].update(changes)
    lines[number - 1] = Link.model_validate(link).line
    file_of(state).write_bytes(b"\n".join(lines) + b"\n")


def test_links_follow_each_other(three: Path) -> None:
    one, two, last = load_chain(three)

    assert one.record.previous is None
    assert (two.record.previous, last.record.previous) == (one.sha256, two.sha256)
    assert [link.record.number for link in (one, two, last)] == [1, 2, 3]


@pytest.mark.parametrize(
    ("number", "changes", "said"),
    [
        (2, {"root": "cd" * 32}, "link 2: its signature"),
        (2, {"started": "2026-11-20T12:00:00Z"}, "link 2: its signature"),
        (1, {"label": "other"}, "link 1: its signature"),
        (3, {"previous": "00" * 32}, "link 3: does not follow link 2"),
        (2, {"number": 3}, "link 2: says that it is number 3"),
    ],
)
def test_a_changed_link_is_named(
    three: Path, number: int, changes: dict[str, Any], said: str
) -> None:
    rewrite(three, number, changes)
    with pytest.raises(ChainError, match=said):
        load_chain(three)


def test_a_link_left_out_or_moved_is_named(three: Path) -> None:
    one, two, last = file_of(three).read_bytes().splitlines(keepends=True)
    for lines, said in (((one, last), "link 2: says"), ((two, one, last), "link 1: says")):
        file_of(three).write_bytes(b"".join(lines))
        with pytest.raises(ChainError, match=said):
            load_chain(three)


def test_another_ones_key_does_not_pass_for_ours(three: Path, tmp_path: Path) -> None:
    foreign = tmp_path / "foreign"
    add(foreign, "one")
    lines = file_of(three).read_bytes().splitlines(keepends=True)
    file_of(three).write_bytes(file_of(foreign).read_bytes() + b"".join(lines[1:]))

    with pytest.raises(ChainError, match="link 2: does not follow link 1"):
        load_chain(three)


def test_nothing_is_built_on_a_broken_chain(three: Path) -> None:
    rewrite(three, 2, {"root": "cd" * 32})
    before = file_of(three).read_bytes()

    with pytest.raises(ChainError, match="link 2"):
        add(three)
    assert file_of(three).read_bytes() == before


def test_a_line_torn_by_a_power_cut_is_dropped_and_the_chain_goes_on(three: Path) -> None:
    whole = file_of(three).read_bytes()
    file_of(three).write_bytes(whole + whole[:50])

    assert add(three, "four").record.number == 4
    assert len(load_chain(three)) == 4


def test_many_at_once_wait_in_line(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        numbers = sorted(
            link.record.number for link in pool.map(lambda _: add(tmp_path), range(24))
        )

    assert numbers == list(range(1, 25))
    assert len(load_chain(tmp_path)) == 24


def test_before_the_first_run_there_is_no_link(tmp_path: Path) -> None:
    assert load_chain(tmp_path) == ()


def test_a_run_of_one_record_is_sealed_and_one_of_none_is_not(tmp_path: Path) -> None:
    one: dict[str, Any] = {"estate": "lab", "label": "audit", "started": STARTED, "inputs": INPUTS}
    one["root"] = "ab" * 32
    assert append(tmp_path, **one, leaves=1).record.leaves == 1
    with pytest.raises(ValidationError, match="greater than or equal to 1"):
        append(tmp_path, **one, leaves=0)
    assert len(load_chain(tmp_path)) == 1


def test_a_record_of_another_format_is_not_read_as_ours(three: Path) -> None:
    assert [link.record.format for link in load_chain(three)] == [1, 1, 1]
    raw = file_of(three).read_bytes()
    file_of(three).write_bytes(raw.replace(b'"format":1', b'"format":2', 1))
    with pytest.raises(ChainError, match="line 1: not a link"):
        load_chain(three)


def test_a_link_written_in_another_way_is_named(three: Path) -> None:
    """Its hash is that of its line: what reads the same and is not the same line would pass."""
    one, two, last = file_of(three).read_bytes().splitlines(keepends=True)
    file_of(three).write_bytes(one + two.replace(b":", b": ", 1) + last)
    with pytest.raises(ChainError, match="line 2: not in its canonical form"):
        load_chain(three)


def test_lines_that_are_no_links_are_named(three: Path) -> None:
    for junk in (b"{}\n", b"\xff\xfe\n", b"[]\n", b'{"record":{},"signature":""}\n'):
        file_of(three).write_bytes(junk)
        with pytest.raises(ChainError, match="line 1"):
            load_chain(three)
