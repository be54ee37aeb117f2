"""A report is there whole, or as it was before."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from monitors.audit.reports.files import ReportFile, write_set

OLD = b"of yesterday"


def failing() -> Iterator[ReportFile]:
    yield ReportFile("one.html", b"half of it")
    raise OSError(28, "No space left on device")


def test_a_failure_leaves_everything_as_it_was(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    write_set(folder, [ReportFile("one.html", OLD)])

    with pytest.raises(OSError, match="No space"):
        write_set(folder, failing())

    assert (folder / "one.html").read_bytes() == OLD
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_a_failure_of_the_first_report_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No space"):
        write_set(tmp_path / "run", failing())
    assert list(tmp_path.iterdir()) == []


def test_a_place_where_no_folder_can_be_is_named(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("a file")
    with pytest.raises(FileExistsError, match="run"):
        write_set(tmp_path / "run", [ReportFile("one.html", b"")])


def test_files_are_for_their_owner_and_others_stay(tmp_path: Path) -> None:
    folder = tmp_path / "reports" / "run"
    write_set(folder, [ReportFile("one.html", OLD), ReportFile("two.csv", OLD)])
    written = write_set(folder, [ReportFile("one.html", b"new")])

    assert written == (folder / "one.html",)
    assert (folder / "one.html").read_bytes() == b"new"
    assert (folder / "two.csv").read_bytes() == OLD
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / "one.html").stat().st_mode & 0o777 == 0o600
