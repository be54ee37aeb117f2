"""Second copies of real restic repositories: neither client nor first target deletes in them."""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.playbooks.programs import ROLES, program
from tests.playbooks.repositories import make_repository

NAME = "velgora-files/shares"
GIVE = """#!{python}
import sys
from pathlib import Path
sys.dont_write_bytecode = True
sys.path.insert(0, {folder!r})
import bastide_vault_give as give
give.FOLDER = Path({backups!r})
sys.argv = ["bastide-vault-give", "-c", {forced!r}]
sys.exit(give.main())
"""


class Targets:
    """A first target that a client sends to through rclone, and a second one that pulls from it."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.module: ModuleType = program("bastide_vault_pull")
        self.root, self.first = folder, folder / "first" / NAME
        self.second = folder / "second" / NAME
        for repository in (self.first, self.second):
            repository.mkdir(parents=True)
        patch.setattr(self.module, "FOLDER", folder / "second")
        patch.setattr(self.module, "STATE", folder / "state.json")
        patch.setattr(self.module, "FULL", folder / "full")
        patch.setattr(self.module, "METRICS", folder / "bastide_copies.prom")
        patch.setattr(self.module, "CONFIG", folder)
        patch.setattr(self.module, "way", lambda _: [str(folder / "give")])
        pull = {"client": "velgora-files", "plan": "shares"}
        pull |= {"source": "central-vault", "address": "192.0.2.1"}
        (folder / "pulls.json").write_text(json.dumps([pull]))
        self.forced(f"bastide-vault-give {NAME}")
        (folder / "data").mkdir()
        make_repository(self.first, "correct horse")
        self.back_up()

    def forced(self, command: str) -> None:
        text = GIVE.format(
            python=sys.executable,
            folder=str(ROLES / "backup_target/files/vault"),
            backups=str(self.root / "first"),
            forced=command,
        )
        (self.root / "give").write_text(text)
        (self.root / "give").chmod(0o755)

    def restic(self, repository: Path, *arguments: str) -> str:
        words = ["restic", "--repo", str(repository), "--no-cache", *arguments]
        environment = {**os.environ, "RESTIC_PASSWORD": "correct horse"}
        done = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def back_up(self) -> None:
        (self.root / "data" / f"{time.monotonic_ns()}").write_bytes(os.urandom(50_000))
        self.restic(self.first, "backup", str(self.root / "data"))

    def pull(self, *, accept_keys: bool = False) -> dict[str, Any]:
        self.module.run([NAME], accept_keys=accept_keys)
        state: dict[str, Any] = json.loads((self.root / "state.json").read_text())[NAME]
        return state

    def tell(self) -> None:
        module = self.module
        module.tell(module.METRICS, module.read_state(module.STATE), module.labels())

    def files(self, repository: Path) -> dict[str, bytes]:
        found = (path for path in repository.rglob("*") if path.is_file())
        return {str(path.relative_to(repository)): path.read_bytes() for path in found}

    def snapshots(self, repository: Path) -> int:
        return len(json.loads(self.restic(repository, "snapshots", "--json", "--no-lock")))

    def is_whole(self) -> bool:
        return "no errors" in self.restic(self.second, "check", "--read-data", "--no-lock")


@pytest.fixture
def targets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Targets:
    return Targets(tmp_path, monkeypatch)


def test_a_first_target_that_was_emptied_takes_nothing_from_the_second(targets: Targets) -> None:
    assert targets.pull()["ok"]
    before = targets.files(targets.second)
    for kind in ("snapshots", "index", "data"):
        shutil.rmtree(targets.first / kind)
    found = targets.pull()
    assert found["gone"] == 1
    assert targets.files(targets.second) == before
    assert targets.is_whole()
    shutil.rmtree(targets.first)
    found = targets.pull()
    assert (found["ok"], "there is no repository" in found["error"]) == (False, True)
    assert targets.files(targets.second) == before


def test_a_repository_that_was_made_anew_in_place_of_the_first_is_told_and_not_taken(
    targets: Targets,
) -> None:
    good = targets.pull()
    before = targets.files(targets.second)
    shutil.rmtree(targets.first)
    make_repository(targets.first, "correct horse")
    targets.back_up()
    found = targets.pull()
    assert not found["ok"]
    assert "another repository in place of the one that was copied" in found["error"]
    assert found["last_success"] == good["last_success"]
    assert targets.files(targets.second) == before


def test_what_was_overwritten_at_the_first_stays_as_it_was_at_the_second(targets: Targets) -> None:
    targets.pull()
    before = targets.files(targets.second)
    for path in [p for p in targets.first.rglob("*") if p.is_file() and p.name != "config"]:
        path.chmod(0o600)
        path.write_bytes(b"overwritten, and long enough to be a file of restic's")
    assert targets.pull()["ok"]
    assert targets.files(targets.second) == before


def test_a_file_that_is_damaged_or_cut_off_at_the_first_is_not_taken_and_told(
    targets: Targets,
) -> None:
    torn = max((targets.first / "data").rglob("*"), key=lambda p: p.stat().st_size)
    whole = torn.read_bytes()
    torn.chmod(0o600)
    torn.write_bytes(whole[: len(whole) // 2])
    found = targets.pull()
    assert not found["ok"]
    assert torn.name in found["error"]
    assert found["last_success"] is None
    assert not (targets.second / torn.relative_to(targets.first)).exists()
    torn.write_bytes(whole)
    assert targets.pull()["ok"]
    assert targets.is_whole()


def test_a_key_that_was_added_later_is_not_taken_until_somebody_says_that_it_is_meant(
    targets: Targets,
) -> None:
    targets.pull()
    (targets.root / "other").write_text("battery staple")
    targets.restic(targets.first, "key", "add", "--new-password-file", str(targets.root / "other"))
    assert targets.pull()["refused_keys"] == 1
    assert len([*(targets.second / "keys").iterdir()]) == 1
    assert targets.pull(accept_keys=True)["refused_keys"] == 0
    assert len([*(targets.second / "keys").iterdir()]) == 2


def test_junk_and_links_of_the_first_are_not_taken(targets: Targets) -> None:
    (targets.first / "junk").write_text("junk")
    (targets.first / "data" / "00" / "short").write_text("junk")
    (targets.first / "snapshots" / ("0" * 64)).symlink_to("/etc/shadow")
    assert targets.pull()["ok"]
    assert targets.files(targets.second).keys() == {
        name for name in targets.files(targets.first) if "junk" not in name and "short" not in name
    } - {f"snapshots/{'0' * 64}"}


def test_a_pack_that_retention_removes_meanwhile_lets_no_snapshot_lack_it(
    targets: Targets, monkeypatch: pytest.MonkeyPatch
) -> None:
    really = targets.module.ask_list

    def listing(pull: Any) -> Any:
        source = really(pull)
        largest = max((targets.first / "data").rglob("*"), key=lambda p: p.stat().st_size)
        largest.rename(targets.root / "kept")
        (targets.root / "where").write_text(str(largest))
        return source

    with monkeypatch.context() as patch:
        patch.setattr(targets.module, "ask_list", listing)
        found = targets.pull()
    assert "went while it was pulled" in found["error"]
    assert not [*targets.second.glob("snapshots/*")]
    shutil.move(targets.root / "kept", (targets.root / "where").read_text())
    assert targets.pull()["ok"]
    assert targets.is_whole()


def test_what_a_pull_that_was_cut_off_has_left_is_removed(targets: Targets) -> None:
    (targets.second / ".pulled").write_bytes(b"half of a pack")
    assert targets.pull()["ok"]
    assert targets.files(targets.second) == targets.files(targets.first)


def test_over_its_quota_and_without_room_nothing_is_taken(
    targets: Targets, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(targets.module, "SPARE", 1.0)
    assert "no space left" in targets.pull()["error"]
    (targets.root / "full").mkdir()
    (targets.root / "full" / NAME.replace("/", "_")).touch()
    assert "over its quota" in targets.pull()["error"]
    assert not targets.files(targets.second)


@pytest.mark.parametrize(
    "forced", ["bastide-vault-give velgora-app/permits", "cat /etc/shadow", "bastide-vault-give"]
)
def test_a_key_is_given_the_repositories_that_it_is_for_and_nothing_else(
    forced: str, targets: Targets
) -> None:
    targets.forced(forced)
    found = targets.pull()
    assert not found["ok"]
    assert "not this key's" in found["error"] or "only gives copies" in found["error"]


@pytest.mark.parametrize(
    "name", ["../../velgora-app/permits/config", "/etc/shadow", "data/00/../../config", "locks/x"]
)
def test_files_that_no_repository_has_are_not_given(name: str, targets: Targets) -> None:
    request = json.dumps({"repository": NAME, "names": [name]})
    done = subprocess.run(
        [targets.root / "give"], input=request.encode(), capture_output=True, check=False
    )
    assert done.returncode == 1
    assert b"is no file of a repository" in done.stderr


def test_each_pull_brings_what_is_new_and_the_password_is_the_same(targets: Targets) -> None:
    assert targets.pull()["octets"] > 50_000
    assert targets.pull()["octets"] == 0
    targets.back_up()
    found = targets.pull()
    assert found["octets"] > 50_000
    assert found["snapshots"] == 2
    assert targets.files(targets.second) == targets.files(targets.first)
    assert targets.is_whole()


def test_retention_of_the_second_is_its_own_and_what_it_removed_does_not_come_back(
    targets: Targets,
) -> None:
    for _ in range(3):
        targets.back_up()
        assert targets.pull()["ok"]
    oldest = min(
        json.loads(targets.restic(targets.second, "snapshots", "--json")), key=lambda s: s["time"]
    )
    targets.restic(targets.second, "forget", "--prune", oldest["id"])
    targets.back_up()
    assert targets.pull()["ok"]
    assert (targets.snapshots(targets.first), targets.snapshots(targets.second)) == (5, 4)
    assert targets.is_whole()


def test_retention_of_the_first_takes_nothing_from_the_second(targets: Targets) -> None:
    for _ in range(3):
        targets.back_up()
    assert targets.pull()["ok"]
    first = json.loads(targets.restic(targets.first, "snapshots", "--json"))[0]
    targets.restic(targets.first, "forget", "--prune", first["id"])
    targets.back_up()
    found = targets.pull()
    assert (found["ok"], found["gone"]) == (True, 1)
    assert (targets.snapshots(targets.first), targets.snapshots(targets.second)) == (4, 5)
    assert targets.is_whole()


def test_metrics_take_numbers_alone_from_the_accounts_state(targets: Targets) -> None:
    targets.pull()
    targets.tell()
    text = (targets.root / "bastide_copies.prom").read_text()
    labels = 'client="velgora-files",plan="shares",source="central-vault"'
    assert f"bastide_copy_last_run_success{{{labels}}} 1.0" in text
    assert f"bastide_copy_snapshots{{{labels}}} 1.0" in text
    (targets.root / "state.json").write_text(json.dumps({NAME: {"ok": "}\nfoo 1"}, "x": {"ok": 1}}))
    targets.tell()
    assert (targets.root / "bastide_copies.prom").read_text() == ""


def test_one_that_is_not_pulled_here_is_wrong_use(targets: Targets) -> None:
    with pytest.raises(targets.module.CopyError, match="these are: velgora-files/shares"):
        targets.module.run(["velgora-app/permits"])
