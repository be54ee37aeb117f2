"""bastide-drill against real restic repositories: what is planted must be found, and where."""

import json
import os
import shutil
import subprocess
import time
from copy import copy
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from monitors.continuity.records import DrillResult
from tests.playbooks.programs import program
from tests.playbooks.repositories import make_repository

PASSWORD = "correct horse"
ALL_FILES = "L4"


class Stand:
    """A repository with one snapshot that bastide-backup has made, and a place to drill."""

    def __init__(self, backup: ModuleType, drill: ModuleType, folder: Path) -> None:
        self.backup, self.drill, self.folder = backup, drill, folder
        self.repository = folder / "repository"
        self.files = folder / "shares"
        self.files.mkdir()
        for number in range(20):
            (self.files / f"file-{number}").write_bytes(os.urandom(2000))
        self.plan = backup.Plan(
            id="shares", host="velgora-files", municipality="velgora", target="central-vault",
            target_address="192.0.2.1", target_user="nobody", paths=(str(self.files),), database="",
            keep_seconds=90 * 86_400,
        )  # fmt: skip

    def way(self) -> list[str]:
        return ["restic", "--repo", str(self.repository), "--no-cache"]

    def back_up(self) -> None:
        assert self.backup.run(self.plan, -1)["ok"]

    def run(
        self,
        *,
        plan: str = "shares",
        password: str = PASSWORD,
        rpo: float = 3600,
        earlier: dict[str, Any] | None = None,
    ) -> DrillResult:
        request = self.drill.Request(
            "velgora-files",
            "velgora",
            plan,
            "",
            "central-vault",
            "192.0.2.1",
            rpo,
            "100%",
            earlier or {},
        )
        result: dict[str, Any] = self.drill.run(request, password, self.folder / "work")
        assert PASSWORD not in json.dumps(result)
        assert [p.name for p in (self.folder / "work").iterdir()] == ["lock"]
        return DrillResult.model_validate_json(json.dumps(result))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Stand:
    """Make one snapshot for all tests."""
    stand = Stand(program("bastide_backup"), program("bastide_drill"), tmp_path_factory.mktemp("d"))
    with pytest.MonkeyPatch.context() as patch:
        place(stand, patch)
        make_repository(stand.repository, PASSWORD)
        stand.back_up()
    shutil.copytree(stand.folder / "state", stand.folder / "state.kept")
    return stand


@pytest.fixture
def stand(made: Stand, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Stand:
    """Give a test its own copy of the repository, and the state that belongs to it."""
    shutil.copytree(made.repository, tmp_path / "repository")
    shutil.rmtree(made.folder / "state")  # what another test's runs have left there
    shutil.copytree(made.folder / "state.kept", made.folder / "state")
    own = copy(made)
    own.repository = tmp_path / "repository"
    place(own, monkeypatch)
    return own


def place(stand: Stand, patch: pytest.MonkeyPatch) -> None:
    """Let both programs work under the stand's folder instead of the host's."""
    password, state = stand.folder / "password", stand.folder / "state"
    password.write_text(PASSWORD)
    patch.setattr(stand.backup, "STATE", state)
    patch.setattr(stand.backup, "STAGING", state / "staging")
    patch.setattr(stand.drill, "STAGING", state / "staging")
    secret = ["--password-file", str(password)]
    patch.setattr(stand.backup, "restic_command", lambda _: [*stand.way(), *secret])
    patch.setattr(stand.drill, "reach", lambda _: ["--repo", str(stand.repository)])


def packs(stand: Stand) -> list[Path]:
    return sorted(
        (p for p in (stand.repository / "data").rglob("*") if p.is_file()),
        key=lambda p: p.stat().st_size,
    )


def test_a_wrong_password_ends_at_the_first_step(stand: Stand) -> None:
    result = stand.run(password="battery staple")
    assert (result.ok, result.depth) == (False, None)
    assert "wrong password" in (result.error or "")
    assert len(result.steps) == 1


def test_a_plan_without_a_snapshot_is_named(stand: Stand) -> None:
    result = stand.run(plan="permits")
    assert result.depth is None
    assert "no snapshot of the plan permits of velgora-files" in (result.error or "")


def test_a_snapshot_that_is_too_old_is_restored_all_the_same(stand: Stand) -> None:
    result = stand.run(rpo=-1)
    assert (result.ok, result.depth) == (False, "L0")
    assert result.rto_seconds
    assert [step.name for step in result.steps if not step.ok] == ["hold its age against the RPO"]


def test_a_missing_pack_fails_the_structure_check(stand: Stand) -> None:
    packs(stand)[-1].unlink()
    result = stand.run()
    assert (result.ok, result.depth, result.rto_seconds) == (False, "L1", None)


def test_one_changed_byte_fails_the_reading_of_the_data(stand: Stand) -> None:
    pack = packs(stand)[-1]
    content = bytearray(pack.read_bytes())
    content[len(content) // 2] ^= 1
    pack.chmod(0o600)
    pack.write_bytes(content)
    result = stand.run()
    assert (result.ok, result.depth, result.rpo_seconds) == (False, "L2", None)


def test_a_snapshot_of_another_program_has_no_manifest(stand: Stand) -> None:
    subprocess.run(
        [
            *(*stand.way(), "--password-file", str(stand.folder / "password"), "backup"),
            *("--host", "velgora-files", "--tag", "plan=shares", str(stand.files)),
        ],
        check=True,
        capture_output=True,
    )
    result = stand.run()
    assert (result.ok, result.depth) == (False, "L3")
    assert "no manifest" in (result.error or "")


@pytest.mark.parametrize(
    ("planted", "said"),
    [
        ({"sha256": "0" * 64}, "has another content"),
        ({"path": "/nowhere/file"}, "is missing"),
        ({"path": "/../../etc/passwd"}, "outside the snapshot"),
    ],
)
def test_what_differs_from_the_manifest_is_named(
    stand: Stand, monkeypatch: pytest.MonkeyPatch, planted: dict[str, str], said: str
) -> None:
    truly = stand.backup.hashed
    monkeypatch.setattr(
        stand.backup,
        "hashed",
        lambda paths, _: [{**entry, **planted} for entry in truly(paths, {})][:1],
    )
    stand.back_up()
    result = stand.run()
    assert (result.ok, result.depth) == (False, "L3")
    assert said in (result.error or "")


def test_a_file_changed_while_it_was_backed_up_is_counted_not_blamed(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    truly = stand.backup.hashed
    changed = {"sha256": "0" * 64, "mtime_ns": 0}
    os.utime(stand.files / "file-0", (time.time() + 1, time.time() + 1))
    monkeypatch.setattr(
        stand.backup,
        "hashed",
        lambda paths, _: [
            entry | (changed if entry["path"].endswith("file-0") else {})
            for entry in truly(paths, {})
        ],
    )
    stand.back_up()
    result = stand.run()
    assert result.ok
    assert (result.files_verified, result.files_moved) == (19, 1)


def test_what_is_whole_is_proved_and_measured(stand: Stand) -> None:
    result = stand.run()
    assert result.ok
    assert result.depth == ALL_FILES
    assert result.files_verified == 20
    assert result.target == "central-vault"
    assert result.rto_seconds
    assert result.rpo_seconds is not None


def test_the_leftovers_of_a_killed_drill_are_wiped(stand: Stand) -> None:
    left = stand.folder / "work" / "drill-killed" / "restore"
    left.mkdir(parents=True)
    (left / "secret").write_text("a citizen's paper")
    assert stand.run().ok


def test_a_share_that_was_emptied_fails_although_all_agrees_with_its_manifest(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stand.backup, "hashed", lambda *_: [])
    stand.back_up()
    result = stand.run()
    assert (result.ok, result.depth) == (False, "L3")
    assert "holds no file" in (result.error or "")


def test_fewer_files_than_the_last_drill_had_fail(stand: Stand) -> None:
    first = stand.run()
    result = stand.run(earlier={"files": first.files_verified * 2})
    assert (result.ok, result.depth) == (False, "L3")
    assert "20 files, the last drill had 40" in (result.error or "")
    assert result.rto_seconds
