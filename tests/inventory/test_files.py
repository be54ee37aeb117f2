"""Files are whole or not there: after errors, in a race, on a full disk, after a kill."""

import os
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from inventory.files import write_first, write_whole

Write = Callable[[Path, bytes], None]
BOTH = pytest.mark.parametrize("write", [write_whole, write_first])
TMPFS_BYTES = 256 * 1024


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 256 KiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={TMPFS_BYTES}", "tmpfs", folder], check=True
    )
    yield folder
    subprocess.run(["umount", folder], check=True)


@pytest.mark.root
@BOTH
def test_a_full_disk_leaves_the_old_file_and_no_part_of_the_new(
    small_disk: Path, write: Write
) -> None:
    write(small_disk / "old", b"old")

    with pytest.raises(OSError, match="No space left"):
        write(small_disk / "new", b"x" * TMPFS_BYTES)
    with pytest.raises(OSError, match="No space left"):
        write_whole(small_disk / "old", b"x" * TMPFS_BYTES)

    assert [file.name for file in small_disk.iterdir()] == ["old"]
    assert (small_disk / "old").read_bytes() == b"old"


@BOTH
def test_a_file_where_a_folder_should_be_is_an_error(tmp_path: Path, write: Write) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(OSError, match="file"):
        write(tmp_path / "file" / "below", b"text")


def test_a_file_cannot_take_the_place_of_a_folder_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()

    with pytest.raises(IsADirectoryError):
        write_whole(tmp_path / "folder", "text")

    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


def test_the_first_writer_wins_and_the_others_get_an_error(tmp_path: Path) -> None:
    def attempt(number: int) -> bool:
        try:
            write_first(tmp_path / "one", str(number) * 10_000)
        except FileExistsError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(attempt, range(8)))

    assert won.count(True) == 1
    assert (tmp_path / "one").read_text() == str(won.index(True)) * 10_000
    assert [path.name for path in tmp_path.iterdir()] == ["one"]


def test_of_many_writers_of_one_file_each_leaves_a_whole_one(tmp_path: Path) -> None:
    file = tmp_path / "file"
    contents = {str(number) * 10_000 for number in range(10)}

    def write(text: str) -> str:
        write_whole(file, text)
        return file.read_text()

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(write, contents)) <= contents
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


WRITES_FOR_EVER = """
import sys
from pathlib import Path
from inventory.files import write_whole
while True:
    for word in "ab":
        write_whole(Path(sys.argv[1]), word * 500_000)
"""


@pytest.mark.parametrize("seconds", [0.4, 0.45, 0.5])
def test_a_writer_that_is_killed_leaves_a_whole_file(tmp_path: Path, seconds: float) -> None:
    file = tmp_path / "file"
    file.write_text("a" * 500_000)

    with pytest.raises(subprocess.TimeoutExpired):  # and so killed by SIGKILL
        subprocess.run([sys.executable, "-c", WRITES_FOR_EVER, file], timeout=seconds, check=True)

    assert file.read_text() in ("a" * 500_000, "b" * 500_000)
    assert all(path == file or path.suffix == ".tmp" for path in tmp_path.iterdir())


@BOTH
def test_modes_are_as_asked_whatever_the_umask_and_folders_are_private(
    tmp_path: Path, write: Callable[[Path, bytes, int], None]
) -> None:
    umask = os.umask(0o077)
    try:
        write(tmp_path / "a" / "b" / "file", b"text", 0o644)
    finally:
        os.umask(umask)

    assert stat.S_IMODE((tmp_path / "a/b/file").stat().st_mode) == 0o644
    assert {stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("a", "a/b")} == {0o700}


def test_only_the_owner_reads_a_file_unless_more_is_asked_for(tmp_path: Path) -> None:
    write_whole(tmp_path / "secret", "text")

    assert stat.S_IMODE((tmp_path / "secret").stat().st_mode) == 0o600
