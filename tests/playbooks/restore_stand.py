"""A host whose plan `permits` is restored from a real restic repository in a folder."""

import os
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.playbooks.programs import program
from tests.playbooks.repositories import make_repository


class RestoreStand:
    """A host with the plan `permits`: files in a folder, and a database of 30 rows or none."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch, database: str = "") -> None:
        self.backup: ModuleType = program("bastide_backup")
        self.folder, self._patch = folder, patch
        self.files = folder / "srv"
        (self.files / "deeper").mkdir(parents=True)
        (self.files / "plan.txt").write_text("a plan")
        (self.files / "deeper" / "scan.pdf").write_bytes(os.urandom(5000))
        (self.files / "deeper" / "scan.pdf").chmod(0o640)
        os.chown(self.files / "deeper" / "scan.pdf", 1, 1)
        (self.files / "link").symlink_to("plan.txt")
        (folder / "password").write_text("correct horse")
        make_repository(folder / "repository", "correct horse")
        way = [
            *("restic", "--repo", str(folder / "repository"), "--no-cache"),
            *("--password-file", str(folder / "password")),
        ]
        plan = self.backup.Plan(
            id="permits", host="app", municipality="velgora", target="central-vault",
            target_address="192.0.2.1", target_user="nobody", paths=(str(self.files),),
            database=database,
        )  # fmt: skip
        patch.setattr(self.backup, "restic_command", lambda _: way)
        patch.setattr(self.backup, "STATE", folder / "state")
        patch.setattr(self.backup, "STAGING", folder / "state" / "staging")
        patch.setattr(self.backup, "BESIDE", folder / "restore")
        patch.setattr(self.backup, "chosen", lambda _: (plan,))
        self.plan = plan

    def back_up(self) -> dict[str, Any]:
        result: dict[str, Any] = self.backup.run(self.plan, -1)
        assert result["ok"], result
        return result

    def restore(self, *options: str) -> int:
        self._patch.setattr("sys.argv", ["bastide-backup", "restore", "permits", *options])
        return int(self.backup.main())

    def put_back(self) -> int:
        return self.restore("--over", "permits")
