"""What bastide-backup is made of: the manifest's files, the metrics, the results that it keeps."""

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.playbooks.programs import program

manifest = program("bastide_manifest")
metrics = program("bastide_metrics")
results = program("bastide_results")

DAY_SECONDS = 86_400
NOW = manifest.seconds("2026-11-21T21:10:24.727411215Z")  # as restic writes it


def test_a_time_of_restics_is_read_whatever_its_zone() -> None:
    assert pytest.approx(1_795_295_424.727, abs=0.001) == NOW
    assert manifest.seconds("2026-11-21T22:10:24.727411215+01:00") == NOW


def test_only_regular_files_are_in_a_manifest_in_one_order(tmp_path: Path) -> None:
    alone = tmp_path / "alone.txt"
    folder = tmp_path / "shares"
    (folder / "deeper").mkdir(parents=True)
    for file in (alone, folder / "b", folder / "deeper" / "a", folder / "a"):
        file.write_text(file.name)
    (folder / "link").symlink_to(alone)
    os.mkfifo(folder / "pipe")
    paths = [path for path, _ in manifest.files((str(folder), str(alone)))]
    expected = (folder / "a", folder / "b", folder / "deeper" / "a", alone)
    assert paths == [str(path) for path in expected]


def test_an_entry_has_hash_size_and_time(tmp_path: Path) -> None:
    file = tmp_path / "scan.pdf"
    file.write_bytes(bytes(range(256)) * 9000)
    os.utime(file, ns=(1, 1_700_000_000_123_456_789))
    assert list(manifest.hashed((str(file),), {})) == [
        {
            "path": str(file),
            "sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
            "size": 256 * 9000,
            "mtime_ns": 1_700_000_000_123_456_789,
        }
    ]
    assert manifest.file_states((str(file),)) == {
        str(file): (256 * 9000, 1_700_000_000_123_456_789)
    }


def test_a_file_that_vanishes_before_it_is_looked_at_or_read_is_left_out(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        (tmp_path / name).write_text(name)
    found = manifest.files((str(tmp_path),))
    next(found)
    (tmp_path / "b").unlink()
    assert [Path(path).name for path, _ in found] == ["c"]

    entries = manifest.hashed((str(tmp_path),), {})
    (tmp_path / "b").write_text("b")
    manifest_of_b = manifest.sha256

    def vanished(path: Path) -> str:
        if path.name == "b":
            raise FileNotFoundError(path)
        return str(manifest_of_b(path))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(manifest, "sha256", vanished)
        assert [Path(entry["path"]).name for entry in entries] == ["a", "c"]


@pytest.mark.parametrize("change", ["content", "content and time", "name", "nothing"])
def test_a_hash_is_taken_over_while_nothing_of_the_file_has_changed(
    change: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "a"
    file.write_text("before")
    monkeypatch.setattr(manifest, "SETTLED_NS", -(10**9))
    hashes: dict[str, list[Any]] = {}
    (first,) = manifest.hashed((str(tmp_path),), hashes)
    assert set(hashes) == {str(file)}
    status = file.stat()
    if change.startswith("content"):
        file.write_text("after!")
    if change == "content and time":
        os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    if change == "name":
        (tmp_path / "b").write_text("after!")
        os.utime(tmp_path / "b", ns=(status.st_atime_ns, status.st_mtime_ns))
        (tmp_path / "b").rename(file)
    read: list[Path] = []
    truly = manifest.sha256

    def reading(path: Path) -> str:
        read.append(path)
        return str(truly(path))

    monkeypatch.setattr(manifest, "sha256", reading)
    (again,) = manifest.hashed((str(tmp_path),), hashes)
    assert again["sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()
    assert (again == first, bool(read)) == (change == "nothing", change != "nothing")


def test_a_file_that_was_just_written_is_read_again(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("a")
    hashes: dict[str, list[Any]] = {"/gone": ["", 0, 0, 0, 0]}
    assert len(list(manifest.hashed((str(tmp_path),), hashes))) == 1
    assert hashes == {}


def ask_twice(shell: str) -> list[str]:
    with manifest.asking(["sh", "-c", shell]) as ask:
        return [ask("SELECT\n   1;"), ask("SELECT 2;")]


@pytest.mark.parametrize(
    ("shell", "problem"),
    [
        ("read -r line; exec <&-; echo one", "ended the session"),
        ("read -r line", "did not answer"),
        ("read -r line; echo one; read -r line", "did not answer"),
    ],
)
def test_a_database_that_ends_the_session_or_says_nothing_is_an_error(
    shell: str, problem: str
) -> None:
    with pytest.raises(manifest.BackupError, match=problem):
        ask_twice(shell)


def test_a_statement_and_its_answer_are_a_line_each() -> None:
    assert ask_twice("cat") == ["SELECT 1;", "SELECT 2;"]


def test_a_tables_name_is_quoted_once_as_a_name_and_once_as_a_text() -> None:
    asked: list[str] = []

    def ask(sql: str) -> str:
        asked.append(sql)
        return '["public.\\"it\'s\\""]' if len(asked) == 1 else '{"rows": 2}'

    assert manifest.count_rows(ask) == [{"rows": 2}]
    assert asked[0].startswith("SET timezone = 'UTC'; SET datestyle = 'ISO'; SET extra_float")
    assert "'name', 'public.\"it''s\"'" in asked[1]
    assert 'FROM public."it\'s" t;' in asked[1]


def test_the_metrics_of_each_plan_have_only_what_is_known(tmp_path: Path) -> None:
    file = tmp_path / "backup.prom"
    runs: dict[str, dict[str, Any]] = {
        "shares": {"ok": True, "last_success": 1.5, "duration_seconds": 2, "size_bytes": 4096},
        "scans": {"ok": False, "last_success": None, "duration_seconds": 0.25},
    }
    metrics.write_metrics(file, runs)
    lines = [line for line in file.read_text().splitlines() if not line.startswith("# HELP ")]
    assert lines == [
        "# TYPE bastide_backup_last_run_success gauge",
        'bastide_backup_last_run_success{plan="shares"} 1.0',
        'bastide_backup_last_run_success{plan="scans"} 0.0',
        "# TYPE bastide_backup_last_success_timestamp_seconds gauge",
        'bastide_backup_last_success_timestamp_seconds{plan="shares"} 1.5',
        "# TYPE bastide_backup_duration_seconds gauge",
        'bastide_backup_duration_seconds{plan="shares"} 2.0',
        'bastide_backup_duration_seconds{plan="scans"} 0.25',
        "# TYPE bastide_backup_size_bytes gauge",
        'bastide_backup_size_bytes{plan="shares"} 4096.0',
    ]
    assert file.read_text().endswith("\n")
    assert file.stat().st_mode & 0o777 == 0o644
    assert list(tmp_path.iterdir()) == [file]


def test_a_host_without_the_exporter_gets_no_file_for_it(tmp_path: Path) -> None:
    metrics.write_metrics(tmp_path / "absent" / "backup.prom", {"shares": {"ok": True}})
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_replaced_whole_with_its_mode(tmp_path: Path) -> None:
    file = tmp_path / "status.json"
    for text, mode in (("first", 0o644), ("žito", 0o600)):
        metrics.write_whole(file, text, mode)
        assert file.read_bytes() == text.encode()
        assert file.stat().st_mode & 0o777 == mode
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize("content", [None, b"", b"{", b"[1]", b"7", b'{"a": "\xff"}'])
def test_what_is_no_saved_object_is_as_good_as_none(content: bytes | None, tmp_path: Path) -> None:
    file = tmp_path / "shares.json"
    if content is not None:
        file.write_bytes(content)
    assert results.read_result(file) == {}


@pytest.mark.parametrize(
    ("last", "age", "is_due"),
    [
        (None, 0, True),
        ({"ok": False}, 60, True),
        ({"ok": True}, 0, False),
        ({"ok": True}, 7 * DAY_SECONDS - 1, False),
        ({"ok": True}, 7 * DAY_SECONDS, True),
        ({"ok": True}, -1, True),  # a clock that was put back
    ],
)
def test_a_repository_is_checked_when_a_week_is_over_or_the_last_check_is_none(
    last: dict[str, Any] | None,
    age: float,
    is_due: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    file, asked = tmp_path / "shares.check.json", list[tuple[Any, ...]]()
    if last is not None:
        file.write_text(json.dumps({**last, "at": "2026-11-21T21:10:24+00:00"}))
    at = manifest.seconds("2026-11-21T21:10:24+00:00")
    monkeypatch.setattr(results.time, "time", lambda: at + age)
    monkeypatch.setattr(results, "now", lambda: "2026-12-01T00:00:00+00:00")

    def restic(*words: str, timeout: float) -> str:
        asked.append((words, timeout))
        return ""

    results.check_when_due(file, restic)
    check = ("check", "--no-lock")
    both = [(check, 4 * 3600.0), ((*check, "--read-data-subset=1/4"), 4 * 3600.0)]
    assert asked == (both if is_due else [])
    if is_due:
        stamp = "2026-12-01T00:00:00+00:00"
        said = {"at": stamp, "ok": True, "error": None, "share": 1, "read": {"1": stamp}}
        assert results.read_result(file) == said
        assert file.read_text().endswith("}\n")
        assert file.stat().st_mode & 0o777 == 0o600


def test_what_a_check_complains_of_is_kept(tmp_path: Path) -> None:
    def damaged(*_: str, **__: float) -> str:
        raise manifest.BackupError("restic check (1): pack is missing")

    check: Callable[..., None] = results.check_when_due
    check(tmp_path / "shares.check.json", damaged)
    said = results.read_result(tmp_path / "shares.check.json")
    assert (said["ok"], said["error"]) == (False, "restic check (1): pack is missing")


def test_in_a_month_of_checks_all_data_is_read_and_a_damaged_share_stays_due(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, read, damaged = tmp_path / "shares.check.json", list[str](), set[str]()
    monkeypatch.setattr(results, "CHECK_EVERY_SECONDS", 0)

    def restic(*words: str, **_: float) -> str:
        share = words[-1].rpartition("=")[2]
        if "/" in share:
            read.append(share)
        if share in damaged:
            raise manifest.BackupError("restic check (1): a pack has another content")
        return ""

    for _ in range(5):
        results.check_when_due(file, restic)
    assert read == ["1/4", "2/4", "3/4", "4/4", "1/4"]
    assert set(results.read_result(file)["read"]) == {"1", "2", "3", "4"}
    damaged.add("2/4")
    assert not results.check_when_due(file, restic)["ok"]
    assert not results.check_when_due(file, restic)["ok"]
    damaged.clear()
    assert results.check_when_due(file, restic)["ok"]
    results.check_when_due(file, restic)
    assert read[5:] == ["2/4", "2/4", "2/4", "3/4"]


def test_times_are_kept_to_the_second_with_their_zone() -> None:
    stamp = results.now()
    assert (len(stamp), stamp[-6:]) == (len("2026-12-01T00:00:00+00:00"), "+00:00")
