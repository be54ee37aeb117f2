"""bastide-vault-tidy on real repositories behind rclone: what clients can add and cannot undo."""

import fcntl
import hashlib
import json
import os
import subprocess
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType

import pytest

from tests.playbooks.programs import ROLES, program
from tests.playbooks.repositories import leave_lock, make_repository

in_words = program("bastide_words").in_words

NAME = "velgora-files/shares"


class Vault:
    """A target with one repository, which a client reaches through rclone, append-only."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.module: ModuleType = program("bastide_vault_tidy")
        self.folder, self.repository = folder / "backups", folder / "backups" / NAME
        self.state = folder / "state"
        patch.setattr(self.module, "FOLDER", self.folder)
        patch.setattr(self.module, "STATE", self.state)
        patch.setattr(self.module, "FULL", folder / "full")
        patch.setattr(self.module, "METRICS", folder / "bastide_vault.prom")
        (folder / "password").write_text("correct horse")
        self.way = folder / "way"
        serve = f"rclone serve restic --stdio --append-only --config '' {self.repository}"
        self.way.write_text(f"#!/bin/sh\nexec {serve}\n")
        self.way.chmod(0o755)
        (folder / "data").mkdir()
        (folder / "data" / "a").write_bytes(os.urandom(100_000))
        self.root = folder
        make_repository(self.repository, "correct horse")
        assert self.restic("backup", str(folder / "data")).returncode == 0
        self.tidy()

    def restic(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        way = ["--repo", "rclone:", "-o", f"rclone.program={self.way}", "--no-cache"]
        words = ["restic", *way, "--password-file", str(self.root / "password"), *arguments]
        return subprocess.run(words, capture_output=True, text=True, check=False)

    def tidy(self, hours_later: float = 0, quota: float = 80) -> None:
        """Tidy as if so much time had passed."""
        really = time.time
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(self.module.time, "time", lambda: really() + hours_later * 3600)
            self.module.run(quota)

    def metric(self, name: str) -> float:
        lines = (self.root / "bastide_vault.prom").read_text().splitlines()
        (line,) = [one for one in lines if one.startswith(f"bastide_vault_{name}{{")]
        return float(line.rsplit(" ", 1)[1])

    def is_whole(self) -> bool:
        return self.restic("check", "--read-data", "--no-lock").returncode == 0


@pytest.fixture
def vault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Vault:
    return Vault(tmp_path, monkeypatch)


def test_the_oldest_snapshot_that_may_go_is_told_once_there_are_more_than_always_stay(
    vault: Vault,
) -> None:
    assert "removable_timestamp_seconds{" not in (vault.root / "bastide_vault.prom").read_text()
    for number in range(vault.module.STAY):
        (vault.root / "data" / "a").write_text(str(number))
        assert vault.restic("backup", str(vault.root / "data")).returncode == 0
    came = time.time() - 1000 * 86_400
    oldest = min((vault.repository / "snapshots").iterdir(), key=lambda p: p.stat().st_mtime)
    os.utime(oldest, (came, came))
    vault.tidy()
    assert vault.metric("removable_timestamp_seconds") == pytest.approx(came, abs=1)
    assert vault.module.STAY == program("bastide_vault_forget").STAY


def test_a_torn_upload_is_left_alone_while_it_may_go_on_then_removed(vault: Vault) -> None:
    pack = max(
        (p for p in (vault.repository / "data").rglob("*") if p.is_file()),
        key=lambda p: p.stat().st_size,
    )
    whole = pack.read_bytes()
    pack.chmod(0o600)
    pack.write_bytes(whole[:50_000])
    refused = vault.restic("backup", str(vault.root / "data"))
    # Without --read-data: restic 0.14 reads for 40 s again what is too short.
    assert vault.restic("check", "--no-lock").returncode, refused.stderr
    vault.tidy(hours_later=0.5)
    assert pack.exists()
    vault.tidy(hours_later=1.5)
    assert not pack.exists()
    assert vault.metric("removed_files") == 1


@pytest.mark.parametrize(
    ("inside", "content"),
    [
        ("index/{sha256}", b"garbage"),
        ("snapshots/{sha256}", b""),
        ("data/00/" + "0" * 64, b"x" * 5000),
        ("junk", b"x" * 5000),
        ("data/junk/file", b"x" * 5000),
        ("index/short", b"x" * 5000),
    ],
)
def test_what_is_no_part_of_a_repository_is_removed_and_it_is_whole_again(
    inside: str, content: bytes, vault: Vault
) -> None:
    planted = vault.repository / inside.format(sha256=hashlib.sha256(content).hexdigest())
    planted.parent.mkdir(exist_ok=True)
    planted.write_bytes(content)
    vault.tidy(hours_later=1.5)
    assert not planted.exists()
    kept = vault.state / "removed" / NAME / planted.relative_to(vault.repository)
    assert kept.read_bytes() == content
    assert vault.is_whole()


def test_a_key_that_is_added_later_opens_nothing_for_long(vault: Vault) -> None:
    (vault.root / "theirs").write_text("battery staple")
    added = vault.restic("key", "add", "--new-password-file", str(vault.root / "theirs"))
    assert added.returncode == 0, added.stderr
    vault.tidy()
    assert len(list((vault.repository / "keys").iterdir())) == 1
    assert vault.metric("refused_keys") == 1
    assert vault.is_whole(), "the first key is there"
    (vault.root / "password").write_text("battery staple")
    assert not vault.is_whole()
    vault.module.accept_keys(NAME)
    vault.tidy(hours_later=2)
    assert vault.is_whole(), "it was meant"
    assert vault.metric("refused_keys") == 0


def test_keys_of_an_unknown_repository_are_not_accepted(vault: Vault) -> None:
    with pytest.raises(SystemExit, match="no repository velgora-app/shares is known"):
        vault.module.accept_keys("velgora-app/shares")


def test_what_is_whole_stays_and_is_hashed_once(
    vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = sorted(str(p) for p in vault.repository.rglob("*"))
    vault.tidy(hours_later=1.5)
    hashed: list[str] = []

    def wrong(path: str, *_: object) -> str:
        hashed.append(path)
        return ""

    monkeypatch.setattr(vault.module, "wrong", wrong)
    vault.tidy(hours_later=3)
    assert hashed == []
    assert sorted(str(p) for p in vault.repository.rglob("*")) == before
    assert vault.metric("removed_files") == 0
    assert vault.metric("arrived_timestamp_seconds") == pytest.approx(time.time(), abs=120)


def test_a_repository_over_its_quota_is_marked_until_it_is_not(vault: Vault) -> None:
    mark = vault.root / "full" / "velgora-files_shares"
    vault.tidy(quota=0)
    assert mark.exists()
    assert vault.metric("over_quota") == 1
    vault.tidy()
    assert not mark.exists()


def test_a_damaged_state_is_as_good_as_none(vault: Vault) -> None:
    for text in ("{", "[]"):
        (vault.state / "state.json").write_text(text)
        vault.tidy(hours_later=1.5)
        assert NAME in json.loads((vault.state / "state.json").read_text())
    assert vault.is_whole()


def test_what_was_removed_is_kept_for_two_weeks(vault: Vault) -> None:
    planted = vault.repository / "junk"
    planted.write_text("junk")
    vault.tidy(hours_later=1.5)
    kept = vault.state / "removed" / NAME / "junk"
    vault.tidy(hours_later=13 * 24)
    assert kept.exists()
    vault.tidy(hours_later=15 * 24)
    assert not kept.exists()


@pytest.mark.parametrize("days", [-365, 365])
def test_a_lock_that_was_left_behind_goes_in_time_whatever_its_clock_said(
    days: int, vault: Vault
) -> None:
    made = datetime.now(UTC) + timedelta(days=days)
    left = leave_lock(vault.repository, "correct horse", made, exclusive=True)
    vault.tidy(hours_later=0.5)
    assert left.exists(), "it may be of somebody who goes on"
    vault.tidy(hours_later=1.5)
    assert not left.exists()
    assert vault.restic("backup", str(vault.root / "data")).returncode == 0
    assert vault.is_whole()


def account_program(vault: Vault) -> None:
    """Let the client in by the account's own program, with the test's folders."""
    template = ROLES / "backup_target" / "templates" / "bastide-vault.j2"
    text = template.read_text().replace("{{ backup_target_folder }}", str(vault.folder))
    text = text.replace("/run/bastide-vault/full", str(vault.root / "full"))
    text = text.replace("{{ ansible_managed }}", "the test's")
    program = vault.root / "bastide-vault"
    program.write_text(text.replace("[!a-z0-9/-]", "[!a-z0-9/_-]"))
    program.chmod(0o755)
    asked = f"rclone serve restic --stdio --append-only {vault.folder}/{NAME}"
    vault.way.write_text(f"#!/bin/sh\nexec {program} -c '{asked}'\n")


def test_while_retention_works_no_client_is_served(
    vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    account_program(vault)
    program = vault.root / "bastide-vault"
    program.write_text(program.read_text().replace("--wait 30", "--wait 0.1"))
    with (vault.repository / "config").open() as config:
        fcntl.flock(config, fcntl.LOCK_EX)
        done = vault.restic("backup", str(vault.root / "data"))
        assert done.returncode == 1
        words = in_words(done.stderr, "central-vault")
        assert words.startswith("central-vault removes old copies of this plan now")
    assert vault.restic("backup", str(vault.root / "data")).returncode == 0


@pytest.mark.parametrize(("marked", "said"), [(True, "over its quota"), (False, "")])
def test_the_accounts_program_takes_nothing_in_over_the_quota(
    marked: bool, said: str, vault: Vault
) -> None:
    account_program(vault)
    if marked:
        vault.tidy(quota=0)
    done = vault.restic("backup", str(vault.root / "data"))
    assert done.returncode == (1 if marked else 0), done.stderr
    assert said in done.stderr
    if marked:
        words = in_words(done.stderr, "central-vault")
        assert words.startswith("central-vault takes nothing more in: this plan is over its quota")


def test_what_was_there_before_it_was_first_looked_at_is_left_alone(vault: Vault) -> None:
    pack = next(p for p in (vault.repository / "data").rglob("*") if p.is_file())
    pack.chmod(0o600)
    pack.write_bytes(pack.read_bytes() + b"damaged")
    (vault.state / "state.json").unlink()
    vault.tidy(hours_later=1.5)
    vault.tidy(hours_later=3)
    assert pack.exists()
