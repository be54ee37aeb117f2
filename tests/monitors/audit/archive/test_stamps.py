"""Files named by their time: names sort by it, nothing is ever replaced."""

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from monitors.audit.archive.stamps import moment_of, stamp, write_stamped

AT = datetime(2026, 3, 1, 4, 30, 5, 42, tzinfo=UTC)


def test_a_stamp_is_utc_to_the_microsecond_and_can_be_read_back() -> None:
    abroad = AT.astimezone(timezone(timedelta(hours=2)))
    assert stamp(AT) == stamp(abroad) == "20260301T043005.000042Z"
    assert moment_of(Path("x/20260301T043005.000042Z-before.json")) == AT


def test_a_file_without_a_time_in_its_name_has_none() -> None:
    with pytest.raises(ValueError, match="notes"):
        moment_of(Path("notes.json"))


def test_what_is_written_at_one_time_is_kept_side_by_side(tmp_path: Path) -> None:
    files = [write_stamped(tmp_path / "new", AT, "-a.txt", text) for text in ("one", "two", "3")]

    assert [moment_of(file) - AT for file in files] == [timedelta(microseconds=n) for n in range(3)]
    assert [file.read_text() for file in files] == ["one", "two", "3"]
    assert files[0].name == f"{stamp(AT)}-a.txt"


def test_a_folder_that_cannot_be_made_is_an_error_not_a_wait(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file"):
        write_stamped(tmp_path / "file", AT, ".txt", "")
