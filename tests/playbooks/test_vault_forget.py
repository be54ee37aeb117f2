"""bastide-vault-forget on real repositories: attackers' dates lose no good snapshot."""

import fcntl
import io
import json
import os
import subprocess
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.playbooks.programs import program
from tests.playbooks.repositories import leave_lock, make_repository

NAME = "velgora-files/shares"
DAY = 86_400.0
FORGET = program("bastide_vault_forget")


def entry(name: str, says: float, came: float) -> dict[str, Any]:
    """A snapshot that says it is `says` days old and came `came` days ago."""
    return {"id": name, "time": -says * DAY, "arrived": -came * DAY}


DAILY = [entry(f"d{day}", day, day) for day in range(120)]


def test_what_is_older_than_the_plan_keeps_goes_and_nothing_else() -> None:
    old = FORGET.too_old(DAILY, 90 * DAY, 0)
    assert sorted(old) == sorted(f"d{day}" for day in range(91, 120))
    assert FORGET.too_old([], 90 * DAY, 0) == []


def test_a_snapshot_of_2030_does_not_make_the_others_old() -> None:
    assert FORGET.too_old([*DAILY[:80], entry("fake", -1200, 0)], 90 * DAY, 0) == []


def test_snapshots_that_are_dated_back_push_none_out_and_stay_as_long_as_others() -> None:
    fakes = [entry(f"fake{n}", 400, 1) for n in range(50)]
    assert FORGET.too_old([*DAILY[:80], *fakes], 90 * DAY, 0) == []


def test_an_old_snapshot_that_was_brought_over_of_late_stays() -> None:
    assert FORGET.too_old([*DAILY[:20], entry("brought", 400, 2)], 90 * DAY, 0) == []


def test_the_newest_stay_however_old() -> None:
    seldom = [entry(f"s{n}", 80 + 30 * n, 80 + 30 * n) for n in range(10)]
    assert FORGET.too_old(seldom, 90 * DAY, 0) == ["s7", "s8", "s9"]


@pytest.mark.parametrize("now", [100 * DAY, -2 * DAY])
def test_when_backups_have_stopped_or_the_clock_is_wrong_nothing_goes(now: float) -> None:
    with pytest.raises(FORGET.ForgetError, match="nothing is forgotten"):
        FORGET.too_old(DAILY, 90 * DAY, now)


class Vault:
    """A target with a repository of ten snapshots, the oldest 108 days old."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.module: ModuleType = FORGET
        self.root, self.repository, self._patch = folder, folder / "backups" / NAME, patch
        patch.setattr(FORGET, "FOLDER", folder / "backups")
        patch.setattr(FORGET, "LISTED", folder / "state" / "forget.json")
        patch.setattr(FORGET, "as_owner", lambda _: ())
        (folder / "data").mkdir()
        make_repository(self.repository, "correct horse")
        for number in range(10):
            (folder / "data" / "a").write_bytes(os.urandom(20_000))
            stamp = time.time() - number * 12 * DAY
            when = datetime.fromtimestamp(stamp).strftime("%Y-%m-%d %H:%M:%S")  # noqa: DTZ006
            before = {p.name for p in self.snapshots()}
            self.restic("backup", "--time", when, str(folder / "data"))
            (made,) = {p.name for p in self.snapshots()} - before
            os.utime(self.repository / "snapshots" / made, (stamp, stamp))

    def restic(self, *arguments: str) -> str:
        words = ["restic", "--repo", str(self.repository), "--no-cache", *arguments]
        environment = {**os.environ, "RESTIC_PASSWORD": "correct horse"}
        return subprocess.run(
            words, env=environment, check=True, capture_output=True, text=True
        ).stdout

    def snapshots(self) -> list[Path]:
        return list((self.repository / "snapshots").glob("*"))

    def forget(self, *options: str, name: str = NAME) -> int:
        given = ["bastide-vault-forget", name, "--keep-days", "90", *options]
        self._patch.setattr("sys.argv", given)
        self._patch.setattr("sys.stdin", io.StringIO("correct horse\n"))
        return int(self.module.main())

    def later(self, days: float) -> None:
        listed = self.root / "state" / "forget.json"
        waits = json.loads(listed.read_text())
        moved = {n: {i: t - days * DAY for i, t in ids.items()} for n, ids in waits.items()}
        listed.write_text(json.dumps(moved))


@pytest.fixture
def vault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Vault:
    return Vault(tmp_path, monkeypatch)


def test_what_is_too_old_is_listed_for_a_week_then_goes_and_the_rest_is_whole(
    vault: Vault, capsys: pytest.CaptureFixture[str]
) -> None:
    def printed() -> Any:
        return json.loads(capsys.readouterr().out)

    assert vault.forget("--act") == 0
    first = printed()
    assert (len(first["waiting"]), first["forgotten"]) == (2, [])
    vault.later(days=6)
    assert vault.forget("--act") == 0
    assert printed()["forgotten"] == []
    vault.later(days=2)
    assert vault.forget() == 0
    assert printed()["due"] == first["waiting"]
    assert len(vault.snapshots()) == 10, "nothing goes without --act"
    assert vault.forget("--act") == 0
    assert printed()["forgotten"] == first["waiting"]
    assert len(vault.snapshots()) == 8
    vault.restic("check", "--read-data")
    assert datetime.now(UTC).timestamp() - max(p.stat().st_mtime for p in vault.snapshots()) < DAY


def test_a_lock_of_2030_does_not_keep_retention_out_for_years(vault: Vault) -> None:
    left = leave_lock(vault.repository, "correct horse", datetime(2030, 1, 1, tzinfo=UTC))
    assert vault.forget("--act") == 0
    vault.later(days=8)
    assert vault.forget("--act") == 0
    assert len(vault.snapshots()) == 8
    assert not left.exists()


def test_while_a_client_is_served_nothing_goes_although_its_clock_is_a_year_behind(
    vault: Vault, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert vault.forget("--act") == 0
    vault.later(days=8)
    a_year_ago = datetime.now(UTC) - timedelta(days=365)
    left = leave_lock(vault.repository, "correct horse", a_year_ago)
    monkeypatch.setattr(FORGET, "WAIT_SECONDS", 0.1)
    monkeypatch.setattr(FORGET, "AGAIN_SECONDS", 0.05)
    with (vault.repository / "config").open() as config:
        fcntl.flock(config, fcntl.LOCK_SH)
        assert vault.forget("--act") == 1
    assert "a client sends or restores" in capsys.readouterr().err
    assert left.exists()
    assert len(vault.snapshots()) == 10


def test_a_wrong_password_and_an_unknown_repository_are_told(
    vault: Vault, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert vault.forget(name="velgora-files/../x") == 1
    assert "there is no repository" in capsys.readouterr().err
    monkeypatch.setattr("sys.argv", ["", NAME, "--keep-days", "90", "--act"])
    monkeypatch.setattr("sys.stdin", io.StringIO("battery staple\n"))
    assert FORGET.main() == 1
    said = capsys.readouterr().err
    assert "wrong password" in said
    assert "battery" not in said
