"""bastide-backup against a real restic repository in a folder; only the way there is shorter."""

import json
import os
import shutil
import signal
import subprocess
import time
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.playbooks.programs import program
from tests.playbooks.repositories import make_repository
from tests.running import running

WEEK_SECONDS = 7 * 86_400


class Stand:
    """A host with one plan, `shares`, whose repository is a folder of the test's own."""

    def __init__(self, backup: ModuleType, folder: Path) -> None:
        self.backup, self.folder = backup, folder
        self.files = folder / "shares"
        self.files.mkdir()
        (self.files / "plan.txt").write_text("a plan")
        self.plan = backup.Plan(
            id="shares", host="velgora-files", municipality="velgora", target="central-vault",
            target_address="192.0.2.1", target_user="nobody", paths=(str(self.files),), database="",
        )  # fmt: skip

    def run(self, max_age: float = -1) -> dict[str, Any]:
        result: dict[str, Any] = self.backup.run(self.plan, max_age)
        return result


@pytest.fixture
def stand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stand:
    backup = program("bastide_backup")
    (tmp_path / "password").write_text("correct horse")
    make_repository(tmp_path / "repository", "correct horse")
    way = [
        *("restic", "--repo", str(tmp_path / "repository"), "--no-cache"),
        *("--password-file", str(tmp_path / "password")),
    ]
    monkeypatch.setattr(backup, "STATE", tmp_path / "state")
    monkeypatch.setattr(backup, "STAGING", tmp_path / "state" / "staging")
    monkeypatch.setattr(backup, "restic_command", lambda _: way)
    return Stand(backup, tmp_path)


def test_a_path_that_is_not_there_fails_the_run_and_names_it(stand: Stand) -> None:
    (stand.files / "plan.txt").unlink()
    stand.files.rmdir()
    result = stand.run()
    assert not result["ok"]
    assert str(stand.files) in result["error"]


def test_a_wrong_password_is_an_error_that_tells_neither_password(stand: Stand) -> None:
    assert stand.run()["ok"]
    (stand.folder / "password").write_text("battery staple")
    result = stand.run()
    assert not result["ok"]
    assert "wrong password" in result["error"]
    assert "battery" not in json.dumps(result)


def test_a_failed_run_keeps_the_time_of_the_last_success(stand: Stand) -> None:
    first = stand.run()
    (stand.folder / "password").write_text("battery staple")
    second = stand.run()
    assert second["last_success"] == first["last_success"]


def test_a_recent_snapshot_makes_a_run_unnecessary(stand: Stand) -> None:
    first = stand.run(WEEK_SECONDS)
    second = stand.run(WEEK_SECONDS)
    assert first["ran"]
    assert not second["ran"]
    assert second["snapshot"].startswith(first["snapshot"])


def test_a_snapshot_from_the_future_does_not_count_as_recent(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert stand.run()["ok"]
    monkeypatch.setattr(stand.backup.time, "time", lambda: 1_000_000_000.0)
    assert stand.run(WEEK_SECONDS)["ran"]


def test_the_manifest_has_every_file_and_is_in_the_snapshot(stand: Stand) -> None:
    (stand.files / "deeper").mkdir()
    (stand.files / "deeper" / "scan.pdf").write_bytes(bytes(range(256)))
    assert stand.run()["files"] == 2
    target = stand.folder / "restored"
    stand.backup.restic(stand.plan, "restore", "latest", "--target", str(target))
    written = target / str(stand.plan.staging).lstrip("/") / "manifest.json"
    manifest = json.loads(written.read_text())
    hashes = {Path(f["path"]).name: f["sha256"] for f in manifest["files"]}
    digest = program("bastide_manifest").sha256
    assert hashes == {p.name: digest(p) for p in stand.files.rglob("*") if p.is_file()}


def test_nothing_stays_in_the_staging_folder(stand: Stand) -> None:
    assert stand.run()["ok"]
    assert not stand.plan.staging.exists()


def test_a_file_that_changes_while_it_is_read_is_read_again(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    really = stand.backup.restic
    seen: list[str] = []

    def writing(plan: Any, *arguments: str, **settings: Any) -> str:
        if arguments[0] == "backup" and not seen:
            (stand.files / "plan.txt").write_text("another plan, written just now")
        seen.extend(a for a in arguments if a == "backup")
        printed: str = really(plan, *arguments, **settings)
        return printed

    monkeypatch.setattr(stand.backup, "restic", writing)
    result = stand.run()
    assert result["ok"]
    assert result["settled"]
    assert len(seen) == 2


def test_the_lock_of_a_restic_that_was_killed_does_not_stop_the_next_run(stand: Stand) -> None:
    assert stand.run()["ok"]
    locks = stand.folder / "repository" / "locks"
    with running(subprocess.Popen([*stand.backup.restic_command(stand.plan), "prune"])) as pruning:
        while not any(locks.iterdir()):
            time.sleep(0.01)
        pruning.kill()
    assert any(locks.iterdir())
    assert stand.run()["ok"]


def test_the_metrics_are_of_the_newest_run(stand: Stand) -> None:
    before = time.time()
    stand.backup.write_metrics(stand.folder / "metrics.prom", {"shares": stand.run()})
    lines = (stand.folder / "metrics.prom").read_text().splitlines()
    values = dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
    assert values['bastide_backup_last_run_success{plan="shares"}'] == "1.0"
    assert float(values['bastide_backup_last_success_timestamp_seconds{plan="shares"}']) >= before


def test_status_tells_the_newest_snapshot(stand: Stand) -> None:
    stand.run()
    stand.run()
    status = stand.backup.status(stand.plan)
    assert status["error"] is None
    assert status["snapshot"]["snapshots"] == 2


def test_the_first_run_makes_the_repository(stand: Stand) -> None:
    shutil.rmtree(stand.folder / "repository")
    assert stand.run()["ok"]
    assert stand.backup.status(stand.plan)["snapshot"]["snapshots"] == 1


def test_status_says_why_a_target_cannot_be_asked(stand: Stand) -> None:
    shutil.rmtree(stand.folder / "repository")
    status = stand.backup.status(stand.plan)
    assert status["snapshot"] is None
    assert "Is there a repository" in status["error"]


def test_a_repository_is_checked_once_a_week(stand: Stand) -> None:
    asked: list[tuple[str, ...]] = []
    path = stand.folder / "shares.check.json"

    def restic(*arguments: str, **_: float) -> str:
        asked.append(arguments)
        return ""

    results = program("bastide_results")
    results.check_when_due(path, restic)
    results.check_when_due(path, restic)
    assert len(asked) == 2
    assert json.loads(path.read_text())["ok"]

    long_ago = {"at": "2026-01-01T00:00:00+00:00", "ok": True, "error": None}
    path.write_text(json.dumps(long_ago))
    results.check_when_due(path, restic)
    assert len(asked) == 4


def test_a_damaged_repository_is_reported_and_checked_again_by_the_next_run(stand: Stand) -> None:
    stand.run()
    packs = (path for path in (stand.folder / "repository").glob("data/*/*") if path.is_file())
    pack = max(packs, key=lambda path: path.stat().st_size)
    content = pack.read_bytes()
    pack.chmod(0o600)
    pack.write_bytes(content[:-1])
    path = stand.folder / "shares.check.json"
    results, restic = program("bastide_results"), partial(stand.backup.restic, stand.plan)

    results.check_when_due(path, restic)
    assert not json.loads(path.read_text())["ok"]
    assert "restic check" in json.loads(path.read_text())["error"]

    pack.write_bytes(content)
    results.check_when_due(path, restic)
    assert json.loads(path.read_text())["ok"]


def test_a_repository_that_was_wiped_is_not_made_anew(stand: Stand) -> None:
    assert stand.run()["ok"]
    shutil.rmtree(stand.folder / "repository")
    result = stand.run()
    assert not result["ok"]
    assert "has no repository of the plan shares any more" in result["error"]
    assert not (stand.folder / "repository").exists()


def test_a_repository_put_in_place_of_the_wiped_one_is_told(stand: Stand) -> None:
    assert stand.run()["ok"]
    shutil.rmtree(stand.folder / "repository")
    subprocess.run([*stand.backup.restic_command(stand.plan), "init"], check=True)
    result = stand.run()
    assert not result["ok"]
    assert "no longer holds the snapshot" in result["error"]


@pytest.mark.parametrize("stamp", ["2030-01-01 00:00:00", ""])
def test_a_snapshot_that_the_stolen_key_made_counts_for_nothing(stand: Stand, stamp: str) -> None:
    first = stand.run()
    when = ("--time", stamp) if stamp else ()
    what = ("--host", "velgora-files", "--tag", "plan=shares", "/etc/hostname")
    planting = [*stand.backup.restic_command(stand.plan), "backup", *when, *what]
    subprocess.run(planting, check=True, capture_output=True)
    status = stand.backup.status(stand.plan)
    assert status["snapshot"]["id"].startswith(first["snapshot"])
    why = "is dated in the future" if stamp else "has no manifest"
    assert [doubt["why"] for doubt in status["doubted"]] == [why]


def test_the_manifest_of_an_earlier_program_without_state_counts(stand: Stand) -> None:
    first = stand.run()
    for file in (stand.folder / "state").glob("shares*"):
        file.unlink()
    status = stand.backup.status(stand.plan)
    assert status["snapshot"]["id"].startswith(first["snapshot"])
    assert status["doubted"] == []
    result = stand.run()
    assert "this host has never run the plan shares" in result["error"]


def test_a_run_killed_while_the_dump_lies_in_staging_is_cleared_up(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert stand.run()["ok"]
    monkeypatch.setattr(stand.backup, "snapshot", lambda _: time.sleep(60))
    child = os.fork()
    if child == 0:
        stand.run()
        os._exit(0)
    manifest = stand.plan.staging / "manifest.json"
    while not manifest.exists():
        time.sleep(0.01)
    assert not stand.backup.settle(stand.plan), "it still runs"
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    assert manifest.exists()
    assert stand.backup.settle(stand.plan)
    assert not stand.plan.staging.exists()
    assert "cut off" in stand.backup.read_result(stand.folder / "state" / "shares.json")["error"]


def test_only_the_password_that_opens_the_repository_is_approved(
    stand: Stand, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert stand.run()["ok"]
    own = stand.folder / "etc" / "shares" / "password"
    own.parent.mkdir(parents=True)
    own.write_text("correct horse")
    monkeypatch.setattr(stand.backup, "CONFIG", stand.folder / "etc")
    monkeypatch.setattr(stand.backup, "chosen", lambda _: (stand.plan,))
    for text, ends in (("battery staple", 1), ("correct horse\n", 0)):
        (stand.folder / "fresh").write_text(text)
        monkeypatch.setattr("sys.argv", ["", "approve", "shares", str(stand.folder / "fresh")])
        assert stand.backup.main() == ends
    assert "the one here stays" in capsys.readouterr().err


@pytest.mark.root
def test_a_full_disk_is_called_that(stand: Stand) -> None:
    repository = stand.folder / "repository"
    shutil.rmtree(repository)
    repository.mkdir()
    small = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(repository)]
    subprocess.run(small, check=True)
    try:
        assert stand.run()["ok"]
        (stand.files / "scan.pdf").write_bytes(os.urandom(3_000_000))
        result = stand.run()
    finally:
        subprocess.run(["umount", str(repository)], check=True)
    assert not result["ok"]
    assert "is full" in result["error"]
