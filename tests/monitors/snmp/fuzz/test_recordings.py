"""Whatever a file holds: it is a recording, or RecordingError says why not."""

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from monitors.snmp.recording.reader import MOST_REMARKS, Recording, RecordingError, parse
from monitors.snmp.recording.snmprec import format_entries
from tests.monitors.snmp.fuzz.messages import damaged

CASES = Path(__file__).parents[1] / "recording" / "cases"
FILES = [path.read_bytes() for path in sorted(CASES.iterdir()) if path.suffix != ".expected"]
WORDS = st.sampled_from(
    [
        b"1.3.6.1.2.1.1.1.0", b".1.3.6", b"iso.3.6", b"|", b"|4x|", b"|2|", b"|64x|",
        b"|67:numeric|",
        b" = ", b"STRING: ", b'"', b"\\", b"Hex-STRING: ", b"00 FF ", b"INTEGER: ", b"up(1)",
        b"Timeticks: (1)", b"OID: ", b"IpAddress: ", b"BITS: ", b"Opaque: Float: ", b"1e999", b"-",
        b"Wrong Type (should be X): ", b"No Such Object", b"\n", b"\r\n", b"\0", b"\xff\xfe",
        b"\xef\xbb\xbf", b"99999999999999999999", b"4294967296", b".", b":", b"(", b")", b"[", b"=",
    ]
)  # fmt: skip
ANYTHING = st.one_of(
    st.binary(max_size=300),
    st.lists(WORDS, max_size=40).map(b"".join),
    damaged(st.sampled_from(FILES)),
)


def read(data: bytes) -> Recording | RecordingError:
    try:
        return parse(data, "F")
    except RecordingError as error:
        return error


@settings(max_examples=400)
@given(ANYTHING)
def test_a_recording_comes_out_or_an_error_that_says_why(data: bytes) -> None:
    recording = read(data)
    if isinstance(recording, RecordingError):
        assert str(recording).startswith("F")
        return
    assert recording.entries
    assert len(recording.remarks) == min(recording.skipped, MOST_REMARKS)
    assert all(line.startswith("F") for line in recording.oddities())
    assert parse(format_entries(recording.entries).encode(), "F").entries == recording.entries


def test_long_lines_are_no_trouble() -> None:
    for data in (
        b".1.3.6 = STRING: " + b" " * 2_000_000,
        b".1.3.6 = Hex-STRING: " + b"00 " * 700_000,
        b'.1.3.6 = STRING: "' + b'\\"' * 1_000_000,
        b".1.3.6 = " + b"Wrong Type (" * 100_000,
        b".1.3.6 = INTEGER: " + b"(" * 1_000_000,
        b".1" * 1_000_000 + b" = INTEGER: 1",
        b"1.3|2|" + b"9" * 1_000_000,
        b"1.3|4e|" + b"\\" * 1_000_001,
        b"1.3|4:a|" + b",value" * 300_000,
        b".1.3.6 = BITS: " + b"a( " * 700_000,
        b'.1.3.6 = "\n' * 100_000,
    ):
        recording = read(data)
        assert (
            len(str(recording) if isinstance(recording, RecordingError) else recording.oddities())
            < 500
        )
