"""bastide-backup restore of some paths, of an earlier time, elsewhere, and after it was cut off."""

import json
import os
import signal
import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.playbooks.programs import program
from tests.playbooks.restore_stand import RestoreStand

pytestmark = pytest.mark.root

MIB = 1 << 20


@pytest.fixture
def stand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RestoreStand:
    return RestoreStand(tmp_path, monkeypatch)


def refused(stand: RestoreStand, said: pytest.CaptureFixture[str], *options: str) -> str:
    """Return what a restore says that touches nothing."""
    said.readouterr()
    assert stand.restore(*options) == 2
    assert not (stand.folder / "restore").exists()
    return said.readouterr().err


def result(said: pytest.CaptureFixture[str]) -> Any:
    return json.loads(said.readouterr().out)


def test_before_the_first_snapshot_there_is_nothing(
    stand: RestoreStand, capsys: pytest.CaptureFixture[str]
) -> None:
    stand.back_up()
    said = refused(stand, capsys, "--at", "2001-02-03T04:05:00Z")
    assert "no snapshot that counts of permits made until 2001-02-03" in said
    assert f"found: 1 of {datetime.now(UTC):%Y}" in said


def test_a_path_that_is_not_in_the_snapshot_is_refused(
    stand: RestoreStand, capsys: pytest.CaptureFixture[str]
) -> None:
    stand.back_up()
    said = refused(stand, capsys, "--path", str(stand.files / "gone"), "--path", "/etc/shadow")
    assert f"{stand.files}/gone, /etc/shadow" in said
    assert f"expected: a path in {stand.files}" in said


def test_what_would_not_fit_is_refused_with_both_sizes(
    stand: RestoreStand, small_disk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (stand.files / "large").write_bytes(os.urandom(2 * MIB))
    stand.back_up()
    said = refused(stand, capsys, "--beside", str(small_disk / "here"))
    assert "it would not fit\n    expected: 2.0 MiB free, found: 1.0 MiB" in said
    assert not (small_disk / "here").exists()
    deeper = str(stand.files / "deeper")
    assert stand.restore("--beside", str(small_disk / "here"), "--path", deeper) == 0


def test_where_it_belongs_must_have_room_beside_what_is_there(
    stand: RestoreStand, small_disk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is replaced is kept, so it frees nothing; then nothing at all is replaced."""
    large = stand.files / "large"
    large.write_bytes(os.urandom(700_000))
    stand.back_up()
    subprocess.run(["mount", "--bind", str(small_disk), str(stand.files)], check=True)
    try:
        large.write_bytes(os.urandom(700_000))
        (stand.files / "plan.txt").write_text("encrypted")
        assert stand.put_back() == 1
        assert (stand.files / "plan.txt").read_text() == "encrypted"
    finally:
        subprocess.run(["umount", str(stand.files)], check=True)
    assert "it would not fit; nothing was replaced" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("place", "why"),
    [("srv/deeper", "lies in what the plan permits backs up"), ("password", "is no folder"),
     ("repository", "is not empty")],
)  # fmt: skip
def test_a_folder_that_is_not_for_it_is_refused(
    stand: RestoreStand, capsys: pytest.CaptureFixture[str], place: str, why: str
) -> None:
    stand.back_up()
    assert why in refused(stand, capsys, "--beside", str(stand.folder / place))


def test_to_look_changes_nothing_and_says_what_would_come(
    stand: RestoreStand, capsys: pytest.CaptureFixture[str]
) -> None:
    snapshot = stand.back_up()["snapshot"]
    assert stand.restore("--look") == 0
    seen = result(capsys)
    assert seen["snapshot"].startswith(snapshot)
    assert (seen["files"], seen["rows"], seen["target"]) == (2, {}, "central-vault")
    assert seen["octets"] == 5006
    assert seen["beside"] == str(stand.folder / "restore" / f"permits-{snapshot}")
    assert not (stand.folder / "restore").exists()


def test_the_newest_until_a_time_is_taken(
    stand: RestoreStand, capsys: pytest.CaptureFixture[str]
) -> None:
    before = stand.back_up()["snapshot"]
    between = datetime.now(UTC).isoformat()
    (stand.files / "plan.txt").write_text("encrypted")
    stand.back_up()
    assert stand.restore("--at", between) == 0
    brought = result(capsys)
    assert brought["snapshot"].startswith(before)
    assert Path(brought["beside"], str(stand.files)[1:], "plan.txt").read_text() == "a plan"


def test_some_paths_come_alone_with_all_that_is_in_them(
    stand: RestoreStand, capsys: pytest.CaptureFixture[str]
) -> None:
    (stand.files / "[x] *?").write_text("odd")
    (stand.files / "x y").write_text("another")
    stand.back_up()
    wanted = ("--path", f"{stand.files}/[x] *?", "--path", f"{stand.files}/deeper/")
    assert stand.restore(*wanted) == 0
    brought = result(capsys)
    beside = Path(brought["beside"], str(stand.files)[1:])
    assert sorted(p.name for p in beside.rglob("*")) == ["[x] *?", "deeper", "scan.pdf"]
    assert (beside / "deeper" / "scan.pdf").stat().st_uid == 1
    assert brought["files"] == 2


def test_a_path_is_put_over_without_the_rest(
    stand: RestoreStand, capsys: pytest.CaptureFixture[str]
) -> None:
    stand.back_up()
    for name in ("plan.txt", "deeper/scan.pdf"):
        (stand.files / name).write_text("encrypted")
    assert stand.restore("--path", str(stand.files / "deeper"), "--over", "permits") == 0
    assert result(capsys)["replaced"] == 1
    assert (stand.files / "plan.txt").read_text() == "encrypted"
    assert (stand.files / "deeper" / "scan.pdf").stat().st_size == 5000


def test_a_folder_where_a_file_is_now_comes_back_and_the_file_is_kept(
    stand: RestoreStand, capsys: pytest.CaptureFixture[str]
) -> None:
    stand.back_up()
    (stand.files / "deeper" / "scan.pdf").unlink()
    (stand.files / "deeper").rmdir()
    (stand.files / "deeper").write_text("READ ME")
    assert stand.put_back() == 0
    kept = Path(result(capsys)["kept"], str(stand.files)[1:], "deeper")
    assert kept.read_text() == "READ ME"
    assert (stand.files / "deeper" / "scan.pdf").stat().st_size == 5000


def test_one_that_was_cut_off_goes_on_at_the_part_that_was_not_whole(
    stand: RestoreStand, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(program("bastide_parts"), "PART_BYTES", MIB)
    for number in range(4):
        (stand.files / f"{number}").write_bytes(os.urandom(MIB))
    os.utime(stand.files, (1, 1))
    snapshot = stand.back_up()["snapshot"]
    truly, asked = stand.backup.restic, 0

    def dying(*arguments: Any, **settings: Any) -> str:
        nonlocal asked
        asked += "restore" in arguments
        if asked == 3:
            raise KeyboardInterrupt
        return str(truly(*arguments, **settings))

    with monkeypatch.context() as patch:
        patch.setattr(stand.backup, "restic", dying)
        with pytest.raises(KeyboardInterrupt):
            stand.restore()
    beside = stand.folder / "restore" / f"permits-{snapshot}"
    whole = {path: path.stat().st_ctime_ns for path in beside.rglob("[0-9]")}
    assert whole

    capsys.readouterr()
    assert stand.restore("--look") == 0
    assert MIB < result(capsys)["lacking_octets"] < 4 * MIB
    assert stand.restore() == 0
    assert "of it are there" in capsys.readouterr().err
    assert {path: path.stat().st_ctime_ns for path in whole} == whole
    assert (beside / str(stand.files)[1:]).stat().st_mtime == 1
    assert len(list(beside.rglob("[0-9]"))) == 4


def test_it_ends_when_nobody_is_told_any_more(
    stand: RestoreStand, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that the one who was cut off can begin again: restic is not left running."""
    running: list[int] = []

    def gone(process: int) -> None:
        running.append(process)
        raise BrokenPipeError

    monkeypatch.setattr(stand.backup, "TICK_SECONDS", 0.1)
    monkeypatch.setattr(stand.backup, "restic_command", lambda _: ["sleep"])
    with pytest.raises(BrokenPipeError):
        stand.backup.restic(stand.plan, "60", watch=gone)
    with pytest.raises(ProcessLookupError):
        os.kill(running[0], signal.SIG_DFL)


def test_how_far_it_is_how_fast_and_how_long_still() -> None:
    parts = program("bastide_parts")
    said: list[str] = []
    ticks = parts.Ticks("fetched", 100 * MIB, said.append, done=20 * MIB)
    ticks.at(10 * MIB)
    assert said == []  # of a step that takes no time nothing is told
    ticks.began, ticks.told = time.monotonic() - 4, time.monotonic() - 3
    ticks.at(40 * MIB)
    assert said == [".. fetched 60.0 MiB of 100 MiB, 10.0 MiB/s, 4 s left"]
    assert parts.duration(7300) == "2 h 2 min"


def test_parts_are_no_larger_than_they_may_be_and_leave_nothing_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    parts = program("bastide_parts")
    monkeypatch.setattr(parts, "PART_BYTES", 10)
    files = {f"/srv/{folder}/{name}": 4 for folder in "abc" for name in range(5)}
    sizes = {"/srv": 0, "/srv/a": 0, "/srv/b": 0, "/srv/c": 0, **files, "/srv/huge": 50}
    made = parts.parts(sizes, ["/"])
    assert sum(part.octets for part in made) == sum(sizes.values())
    assert [part.octets for part in made if part.octets > 10] == [50]
    covered = [path for path in files for part in made if parts.is_below(path, part.paths)]
    assert covered == list(files)


def test_a_folder_with_names_that_are_no_text_is_fetched_in_one_piece(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    parts = program("bastide_parts")
    monkeypatch.setattr(parts, "PART_BYTES", 10)
    sizes = {"/srv": 0, "/srv/caf\ufffd": 9, "/srv/b": 9}
    assert [part.paths for part in parts.parts(sizes, ["/srv"])] == [["/srv"]]
