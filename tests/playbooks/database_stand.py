"""A host with one plan of databases: backed up, drilled and restored by the programs themselves."""

import json
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from monitors.continuity.records import DrillResult
from tests.playbooks.programs import program
from tests.playbooks.repositories import make_repository

PASSWORD = "correct horse"


class DatabaseStand:
    """A host with the plan `data`, whose repository is a folder of the test's own."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch, **databases: Any) -> None:
        self.backup: ModuleType = program("bastide_backup")
        self.drills: ModuleType = program("bastide_drill")
        self.folder, self._patch = folder, patch
        self.files = folder / "srv"
        self.files.mkdir()
        (self.files / "paper.txt").write_text("a paper")
        (folder / "password").write_text(PASSWORD)
        make_repository(folder / "repository", PASSWORD)
        where = ["restic", "--repo", str(folder / "repository"), "--no-cache"]
        secret = ["--password-file", str(folder / "password")]
        self.plan = self.backup.Plan(
            id="data", host="app", municipality="velgora", target="central-vault",
            target_address="192.0.2.1", target_user="nobody", paths=(str(self.files),),
            database="", **databases,
        )  # fmt: skip
        patch.setattr(self.backup, "restic_command", lambda _: [*where, *secret])
        patch.setattr(self.drills, "reach", lambda _: where[1:3])
        patch.setattr(self.backup, "chosen", lambda _: (self.plan,))
        patch.setattr(self.backup, "BESIDE", folder / "restore")
        patch.setattr(self.backup, "STATE", folder / "state")
        for module in (self.backup, self.drills):
            patch.setattr(module, "STAGING", folder / "state" / "staging")

    def change(self, **changes: Any) -> None:
        """Let the plan be another."""
        self.plan = replace(self.plan, **changes)

    def run(self) -> dict[str, Any]:
        """Back up, whatever comes of it; nothing stays in the staging folder."""
        result: dict[str, Any] = self.backup.run(self.plan, -1)
        assert not self.plan.staging.exists()
        return result

    def back_up(self) -> dict[str, Any]:
        """Back up, which is to succeed."""
        result = self.run()
        assert result["ok"], result
        return result

    def drill(self, **earlier: Any) -> DrillResult:
        """Drill the newest snapshot as the scratch machine would."""
        plan = self.plan
        request = self.drills.Request(
            plan.host, plan.municipality, plan.id, "", plan.target, plan.target_address,
            3600.0, "100%", earlier, {}, plan.mariadb, list(plan.sqlite),
        )  # fmt: skip
        result = self.drills.run(request, PASSWORD, self.folder / "work")
        assert [path.name for path in (self.folder / "work").iterdir()] == ["lock"]
        return DrillResult.model_validate_json(json.dumps(result))

    def restore(self, *options: str) -> int:
        """Restore beside, or over with options."""
        self._patch.setattr("sys.argv", ["bastide-backup", "restore", "data", *options])
        return int(self.backup.main())

    def put_back(self) -> int:
        """Restore over what is there."""
        return self.restore("--over", "data")
