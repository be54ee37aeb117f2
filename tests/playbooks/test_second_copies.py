"""A client reads its second copy, can neither add nor delete there, and restores from it."""

import contextlib
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.playbooks.programs import program
from tests.playbooks.repositories import make_repository

pytestmark = pytest.mark.root

NOBODY = 65534
SERVE = "rclone serve restic --stdio --append-only --config ''"


class Stand:
    """A host with the plan `shares` on two targets: rclone as `nobody`, who may read the second."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.backup: ModuleType = program("bastide_backup")
        self.folder, self._patch = folder, patch
        self.files = folder / "shares"
        self.files.mkdir()
        (self.files / "plan.txt").write_text("a plan")
        (folder / "password").write_text("correct horse")
        for name in ("first", "second"):
            (folder / name).mkdir(mode=0o750)
            self.way(name, f"exec setpriv --reuid={NOBODY} --regid={NOBODY} --clear-groups {SERVE}")
        make_repository(folder / "first", "correct horse")
        for path in (folder / "first", *(folder / "first").rglob("*")):
            os.chown(path, NOBODY, NOBODY)
        plan = self.backup.made(
            {
                "id": "shares",
                "host": "velgora-files",
                "municipality": "velgora",
                "target": "first",
                "target_address": "192.0.2.1",
                "target_user": "nobody",
                "paths": [str(self.files)],
                "database": "",
                "copies": [
                    {
                        "target": "second",
                        "target_address": "192.0.2.2",
                        "target_fqdn": "second.test",
                    }
                ],
            }
        )
        patch.setattr(self.backup, "restic_command", self.command)
        patch.setattr(self.backup, "STATE", folder / "state")
        patch.setattr(self.backup, "STAGING", folder / "state" / "staging")
        patch.setattr(self.backup, "BESIDE", folder / "restore")
        patch.setattr(self.backup, "chosen", lambda _: (plan,))
        self.plan = plan

    def way(self, target: str, words: str) -> None:
        file = self.folder / f"to-{target}"
        file.write_text(f"#!/bin/sh\n{words} {self.folder / target}\n")
        file.chmod(0o755)

    def command(self, plan: Any) -> list[str]:
        return [
            *(
                "restic",
                "--repo",
                "rclone:",
                "-o",
                f"rclone.program={self.folder}/to-{plan.target}",
            ),
            *("--password-file", str(self.folder / "password"), "--no-cache"),
        ]

    def pulled(self) -> None:
        """The second copy, root's, which the account that serves may read."""
        shutil.rmtree(self.folder / "second")
        shutil.copytree(self.folder / "first", self.folder / "second")
        for path in (self.folder / "second", *(self.folder / "second").rglob("*")):
            os.chown(path, 0, NOBODY)
            path.chmod(0o750 if path.is_dir() else 0o640)

    def restore(self, *options: str) -> int:
        self._patch.setattr("sys.argv", ["bastide-backup", "restore", "shares", *options])
        return int(self.backup.main())

    def at_second(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        (copy,) = self.plan.copies
        words = [*self.command(copy), *arguments]
        return subprocess.run(words, capture_output=True, text=True, check=False, timeout=6)


@pytest.fixture
def stand(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stand]:
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)  # pytest's own folders let nobody through
    made = Stand(folder, monkeypatch)
    result = made.backup.run(made.plan, -1)
    assert result["ok"], result
    made.pulled()
    yield made
    shutil.rmtree(folder)


def content(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_with_its_own_key_and_password_a_client_changes_nothing_there(stand: Stand) -> None:
    before = content(stand.folder / "second")
    attempts = (
        ("backup", "--no-lock", "/etc/hostname"),
        ("forget", "--no-lock", "latest"),
        ("key", "add", "--no-lock", "--new-password-file", "/etc/hostname"),
        ("unlock", "--remove-all"),
    )
    for arguments in attempts:
        # restic would try again for a quarter of an hour.
        with contextlib.suppress(subprocess.TimeoutExpired):
            stand.at_second(*arguments)
        assert content(stand.folder / "second") == before, arguments


def test_status_says_what_each_target_holds(stand: Stand) -> None:
    found = stand.backup.status(stand.plan)
    (copy,) = found["copies"]
    assert copy["target"] == "second"
    assert copy["error"] is None
    assert copy["snapshot"]["id"] == found["snapshot"]["id"]
    shutil.rmtree(stand.folder / "second")
    (copy,) = stand.backup.status(stand.plan)["copies"]
    assert copy["snapshot"] is None
    assert "repository" in copy["error"]


def test_where_the_first_does_not_answer_a_restore_takes_the_second(
    stand: Stand, capsys: pytest.CaptureFixture[str]
) -> None:
    (stand.files / "plan.txt").unlink()
    stand.way("first", "echo 'ssh: connect to host 192.0.2.1: Connection timed out' >&2; exit 255;")
    assert stand.restore("--from", "first") == 1
    assert "first cannot be reached" in capsys.readouterr().err
    assert stand.restore("--over", "shares") == 0
    said = capsys.readouterr()
    assert "from second, since first: " in said.err
    assert json.loads(said.out)["replaced"] >= 1
    assert (stand.files / "plan.txt").read_text() == "a plan"


def test_where_the_first_was_wiped_a_restore_takes_the_second(stand: Stand) -> None:
    (stand.files / "plan.txt").unlink()
    shutil.rmtree(stand.folder / "first")
    (stand.folder / "first").mkdir()
    assert stand.restore("--over", "shares") == 0
    assert (stand.files / "plan.txt").read_text() == "a plan"


def test_a_copy_that_is_named_is_the_one_and_another_name_says_which_there_are(
    stand: Stand, capsys: pytest.CaptureFixture[str]
) -> None:
    assert stand.restore("--from", "third") == 2
    assert "third keeps no copy of shares; these do: first, second" in capsys.readouterr().err
    assert stand.restore("--from", "second") == 0
    assert "from second\n" in capsys.readouterr().err


def test_where_none_answers_each_is_said_with_why(
    stand: Stand, capsys: pytest.CaptureFixture[str]
) -> None:
    for target in ("first", "second"):
        shutil.rmtree(stand.folder / target)
    assert stand.restore() == 1
    said = capsys.readouterr().err
    assert "first: " in said
    assert "second: " in said


def test_each_target_has_a_cache_of_its_own(stand: Stand) -> None:
    plan, (copy,) = replace(stand.plan), stand.plan.copies
    assert plan.cache != copy.cache
    assert copy.paths == plan.paths
