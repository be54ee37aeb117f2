"""Recordings of any origin: what they give, and what is remarked about them."""

from pathlib import Path

import pytest

from monitors.snmp.recording.reader import MOST_REMARKS, Recording, RecordingError, parse, read
from monitors.snmp.recording.snmprec import format_entries

CASES = Path(__file__).parent / "cases"
GIVEN = sorted(path for path in CASES.iterdir() if path.suffix != ".expected")


def shown(recording: Recording) -> str:
    """The remarks, as comments, and what was read."""
    comments = "".join(
        f"# {line.removeprefix(str(CASES) + '/')}\n" for line in recording.oddities()
    )
    return comments + format_entries(recording.entries)


@pytest.mark.parametrize("path", GIVEN, ids=lambda path: path.name)
def test_case_gives_what_is_expected(path: Path) -> None:
    expected = path.with_name(path.name + ".expected").read_text(encoding="utf-8")
    assert shown(read(path)) == expected


@pytest.mark.parametrize("path", GIVEN, ids=lambda path: path.name)
def test_what_was_read_is_read_again_as_it_was(path: Path) -> None:
    recording = read(path)
    again = parse(format_entries(recording.entries).encode(), path.name)
    assert again.entries == recording.entries
    assert again.oddities() == []


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "neither"),
        (b"\0" * 1000, "neither"),
        (b"<html>\n", "neither"),
        (b"\n" * 1_000_001, "more than 1000000 lines"),
        (b'IF-MIB::ifDescr.1 = STRING: "lo"\n', "snmpwalk -On"),
        (b"1.3.6.1.2.1.1.1.0|nonsense|x\n", "no value in it. F:1: expected a type"),
        (b'.1.3.6.1.2.1.1.1.0 = "a"\n.1.3.6.1.2.1.1.7.0 = 72\n', "without a type"),
    ],
)
def test_what_is_no_recording_says_why(data: bytes, why: str) -> None:
    with pytest.raises(RecordingError, match=why):
        parse(data, "F")


def test_a_missing_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match=r"none\.snmprec: cannot be read: No such file"):
        read(tmp_path / "none.snmprec")


def test_remarks_are_bounded_but_all_are_counted() -> None:
    recording = parse(b"1.3.6.1|2|1\n" + b"1.3.6.1|2|x\n" * 1000, "F")
    assert recording.skipped == 1000
    assert len(recording.remarks) == MOST_REMARKS
    assert f"F: {1000 - MOST_REMARKS} more lines like these" in recording.oddities()


@pytest.mark.parametrize("path", GIVEN, ids=lambda path: path.name)
def test_a_file_cut_anywhere_gives_what_came_before(path: Path) -> None:
    data = path.read_bytes()
    whole = {entry.oid for entry in read(path).entries}
    for end in range(1, len(data), 17):
        try:
            recording = parse(data[:end], "F")
        except RecordingError:
            continue
        # The last OID may be cut short; all others are the file's.
        assert len({entry.oid for entry in recording.entries} - whole) <= 1


@pytest.mark.parametrize(("number", "content"), [(127, b"\x7f"), (-128, b"\x80"), (128, b"\0\x80")])
def test_a_number_has_the_octets_that_agents_send(number: int, content: bytes) -> None:
    (entry,) = parse(f"1.3.6.1|2|{number}\n".encode(), "F").entries
    assert entry.content == content
