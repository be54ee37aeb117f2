"""Second copies in a bucket: only where it is locked, whole, and out of a stolen key's reach."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from monitors.continuity.records import Depth, DrillResult, read_buckets
from tests.oracles.bucket_policy import documented_policy
from tests.oracles.object_store import Keys, ObjectStore
from tests.oracles.programs import VERSITYGW
from tests.playbooks.programs import ROLES, program

pytestmark = pytest.mark.skipif(
    not VERSITYGW.executable.exists(), reason="make oracles builds the S3 server"
)
NAME = "velgora-files/shares"
WRITER, READER = Keys("writer", "secret-of-the-writer"), Keys("reader", "secret-of-the-reader")
BUCKETS = {
    "copies": (2, "COMPLIANCE"),
    "short": (1, "COMPLIANCE"),
    "liftable": (2, "GOVERNANCE"),
    "unlocked": (0, ""),
}
REFUSED = 403
RUNBOOK = ROLES.parents[1] / "runbooks" / "procedures" / "restore-from-a-bucket.md"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ObjectStore]:
    server = ObjectStore(tmp_path_factory.mktemp("store"))
    try:
        for keys in (WRITER, READER):
            server.account(keys)
        for name, (days, mode) in BUCKETS.items():
            policy = documented_policy(name, WRITER.access, READER.access)
            server.bucket(name, policy, days, mode)
        yield server
    finally:
        server.stop()


def restic(repository: str, *words: str, keys: Keys | None = None) -> str:
    own = keys.environment if keys else {}
    done = subprocess.run(
        ["restic", "--no-cache", "--repo", repository, *words],
        env={**os.environ, "RESTIC_PASSWORD": "correct horse", **own},
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def seed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with one snapshot, and beside it what is in that."""
    folder = tmp_path_factory.mktemp("seed")
    (folder / "data").mkdir()
    (folder / "data" / "register").write_bytes(os.urandom(300_000))
    restic(str(folder / "repository"), "init")
    restic(str(folder / "repository"), "backup", str(folder / "data"))
    return folder


class Target:
    """A first target with a repository of its own, which it puts into a bucket."""

    def __init__(
        self, folder: Path, seed: Path, store: ObjectStore, patch: pytest.MonkeyPatch
    ) -> None:
        self.module: ModuleType = program("bastide_vault_push")
        self.folder, self.seed, self.store = folder, seed, store
        self.client = f"town-{folder.name.replace('_', '-').lower()}"
        self.name = f"{self.client}/shares"
        self.repository = folder / "backups" / self.name
        shutil.copytree(seed / "repository", self.repository)
        (folder / "store.secret").write_text(WRITER.secret + "\n")
        for constant, path in (
            ("FOLDER", folder / "backups"),
            ("CONFIG", folder),
            ("STATE", folder / "state.json"),
            ("METRICS", folder / "bastide_bucket_copies.prom"),
            ("TOLD", folder / "told" / "buckets.json"),
        ):
            patch.setattr(self.module, constant, path)
        patch.setenv("SSL_CERT_FILE", str(store.certificate))
        self.into("copies")

    def into(self, bucket: str, **changes: Any) -> None:
        place = {
            "target": "store",
            "endpoint": self.store.endpoint,
            "bucket": bucket,
            "region": "us-east-1",
            "access_key": WRITER.access,
            "lock_days": 2,
            "copies": [self.name],
        }
        (self.folder / "buckets.json").write_text(json.dumps([place | changes]))

    def push(self, *, accept_keys: bool = False) -> dict[str, Any]:
        self.module.run([self.name], accept_keys=accept_keys)
        state: dict[str, Any] = json.loads((self.folder / "state.json").read_text())[self.name]
        return state

    def back_up(self) -> None:
        (self.seed / "data" / f"{self.client}-{len(self.snapshots())}").write_bytes(b"more")
        restic(str(self.repository), "backup", str(self.seed / "data"))

    def snapshots(self) -> list[str]:
        return [path.name for path in (self.repository / "snapshots").iterdir()]

    def there(self, bucket: str = "copies") -> list[str]:
        query = {"list-type": "2", "prefix": f"{self.name}/"}
        listed = self.store.ask(READER, "GET", f"/{bucket}", query)
        assert listed.status == 200, listed
        return [part.partition("</Key>")[0] for part in listed.text.split("<Key>")[1:]]

    def at_bucket(self, *words: str) -> str:
        repository = f"s3:{self.store.endpoint}/copies/{self.name}"
        return restic(repository, "--no-lock", *words, keys=READER)


@pytest.fixture
def target(
    tmp_path: Path, seed: Path, store: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> Target:
    return Target(tmp_path, seed, store, monkeypatch)


@pytest.mark.parametrize(
    ("bucket", "says"),
    [
        ("short", "locked for 1 days, 2 are declared"),
        ("liftable", "its lock is of mode GOVERNANCE"),
        ("unlocked", "the bucket has no object lock"),
        ("nowhere", "its lock cannot be asked for: NoSuchBucket (404)"),
    ],
)
def test_nothing_goes_where_the_lock_is_not_what_was_declared(
    bucket: str, says: str, target: Target
) -> None:
    target.into(bucket)
    found = target.push()
    assert not found["ok"]
    assert says in found["error"]
    assert "nothing was put there" in found["error"]
    assert bucket == "nowhere" or target.there(bucket) == []


def test_nothing_goes_to_a_server_whose_certificate_is_not_trusted(
    target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    assert "certificate verify failed" in target.push()["error"]


def test_a_wrong_key_and_a_server_that_is_down_are_said_without_the_secret(target: Target) -> None:
    (target.folder / "store.secret").write_text("another")
    found = target.push()
    assert "SignatureDoesNotMatch (403)" in found["error"]
    assert "another" not in json.dumps(found) + str(target.folder / "state.json")
    target.into("copies", endpoint="https://127.0.0.1:1")
    assert "cannot be reached" in target.push()["error"]


def test_what_is_put_is_a_whole_repository_and_is_put_once(target: Target) -> None:
    found = target.push()
    assert (found["ok"], found["error"], found["snapshots"]) == (True, None, 1), found
    assert "no errors" in target.at_bucket("check", "--read-data")
    again = target.push()
    assert (again["ok"], again["octets"]) == (True, 0)
    target.back_up()
    assert target.push()["snapshots"] == 2
    assert len(json.loads(target.at_bucket("snapshots", "--json"))) == 2


def test_what_a_client_sends_that_is_no_file_of_a_repository_does_not_go(target: Target) -> None:
    (target.repository / "junk").write_text("junk")
    torn = target.repository / "data" / "00" / ("0" * 64)
    torn.write_text("half of a pack")
    (target.repository / "snapshots" / ("0" * 64)).symlink_to("/etc/shadow")
    found = target.push()
    assert "1 files are damaged here or were cut off, such as data/00/000" in found["error"]
    assert not any("junk" in name or "0" * 64 in name for name in target.there())
    torn.unlink()
    assert target.push()["ok"]


def test_a_key_that_was_added_later_does_not_go_until_somebody_says_that_it_is_meant(
    target: Target,
) -> None:
    assert target.push()["ok"]
    (target.folder / "new").write_text("another password")
    restic(str(target.repository), "key", "add", "--new-password-file", str(target.folder / "new"))
    assert target.push()["refused_keys"] == 1
    assert target.push(accept_keys=True)["refused_keys"] == 0


def test_a_first_target_that_was_emptied_or_made_anew_takes_nothing_from_the_bucket(
    target: Target,
) -> None:
    assert target.push()["ok"]
    before = target.there()
    shutil.rmtree(target.repository / "snapshots")
    assert target.push()["gone"] == 1
    shutil.rmtree(target.repository)
    target.repository.mkdir()
    assert "there is no repository" in target.push()["error"]
    restic(str(target.repository), "init")
    target.back_up()
    found = target.push()
    assert "another repository than lies here" in found["error"]
    assert target.there() == before
    assert "no errors" in target.at_bucket("check", "--read-data")


def test_the_stolen_key_of_the_writer_deletes_reads_and_unlocks_nothing(target: Target) -> None:
    assert target.push()["ok"]
    ask = target.store.ask
    forced = {"x-amz-bypass-governance-retention": "true"}
    for name in target.there():
        for keys in (WRITER, READER):
            assert ask(keys, "DELETE", f"/copies/{name}").status == REFUSED
            gone = ask(keys, "DELETE", f"/copies/{name}", {"versionId": "null"}, headers=forced)
            assert gone.status == REFUSED
        assert ask(WRITER, "GET", f"/copies/{name}").status == REFUSED
        assert ask(READER, "PUT", f"/copies/{name}", body=b"junk").status == REFUSED
    for query in ({"object-lock": ""}, {"policy": ""}, {"versioning": ""}, {}):
        assert ask(WRITER, "PUT", "/copies", query, b"<x/>").status == REFUSED
        assert ask(WRITER, "DELETE", "/copies", query).status == REFUSED
    assert "no errors" in target.at_bucket("check", "--read-data")


def commands(target: Target, folder: Path, first: str) -> list[str]:
    """The runbook's command that begins so, about a target's copy and a folder."""
    lines = (line[4:] for line in RUNBOOK.read_text().splitlines() if line.startswith("    "))
    (line,) = (line for line in lines if line.startswith(first))
    said = {"/srv/backups/HOST/PLAN": str(folder), "HOST/PLAN": target.name, "FOLDER": str(folder)}
    said |= {"ENDPOINT": target.store.endpoint, "BUCKET": "copies", "READER": READER.access}
    for word, meant in said.items():
        line = line.replace(word, meant)
    return line.split()


@pytest.mark.parametrize("times", [1, 2])
def test_what_the_stolen_key_has_covered_is_told_and_the_runbook_brings_back_what_there_was(
    times: int, target: Target
) -> None:
    assert target.push()["ok"]
    for number in range(times):
        for name in target.there():
            junk = f"encrypted: pay {number}".encode()
            assert target.store.ask(WRITER, "PUT", f"/copies/{name}", body=junk).status == 200
    found = target.push()
    assert not found["ok"]
    assert "another repository than lies here" in found["error"]
    assert found["covered"] > 1
    folder = target.folder / "fetched"
    program_of = str(ROLES / "backup_target/files/vault/bastide_vault_fetch.py")
    _, *words = commands(target, folder, "bastide-vault-fetch")
    done = subprocess.run(
        [sys.executable, "-B", program_of, *words],
        input=READER.secret + "\n", capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    _, *words = commands(target, folder, "restic")
    assert "no errors" in restic(words[1], *words[2:])
    assert whole_files(folder) == whole_files(target.repository)


def whole_files(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def test_what_was_covered_before_it_came_is_named(
    target: Target, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    name = f"data/aa/aa{'0' * 62}"
    target.store.ask(WRITER, "PUT", f"/copies/{target.name}/{name}", body=b"junk")
    fetching = program("bastide_vault_fetch")
    words = commands(target, target.folder / "fetched", "bastide-vault-fetch")
    monkeypatch.setattr("sys.argv", words)
    monkeypatch.setattr("sys.stdin", StringIO(READER.secret))
    assert fetching.main() == 1
    assert f"{name}: no version of it is whole" in capsys.readouterr().err
    assert whole_files(target.folder / "fetched") == {}
    monkeypatch.setattr("sys.argv", [*words[:-2], "nobody/nothing", str(target.folder)])
    monkeypatch.setattr("sys.stdin", StringIO(READER.secret))
    assert fetching.main() == 1
    assert "copies holds no version of nobody/nothing" in capsys.readouterr().err


def test_without_bastide_rclone_fetches_what_was_not_covered(target: Target) -> None:
    assert target.push()["ok"]
    folder = target.folder / "fetched"
    environment = {name: os.environ[name] for name in ("HOME", "PATH", "SSL_CERT_FILE")}
    environment |= {"RCLONE_S3_SECRET_ACCESS_KEY": READER.secret}
    words = commands(target, folder, "rclone copy")
    subprocess.run(words, env=environment, check=True, capture_output=True)
    assert whole_files(folder) == whole_files(target.repository)


def test_a_drill_restores_it_from_the_bucket_with_the_readers_key(
    target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    drill, folder = program("bastide_drill"), target.folder / "host"
    (folder / "staging" / "shares").mkdir(parents=True)
    monkeypatch.setattr(drill, "STAGING", folder / "staging")
    data = folder / "register"
    data.write_bytes(os.urandom(1000))
    file: dict[str, Any] = {
        "path": str(data),
        "sha256": hashlib.sha256(data.read_bytes()).hexdigest(),
    }
    file |= {"mtime_ns": data.stat().st_mtime_ns}
    manifest = {"started": datetime.now(UTC).isoformat(), "files": [file], "database": None}
    (folder / "staging" / "shares" / "manifest.json").write_text(json.dumps(manifest))
    tagged = ("--host", target.client, "--tag", "plan=shares")
    restic(str(target.repository), "backup", *tagged, str(folder))
    assert target.push()["ok"]
    place = {"endpoint": target.store.endpoint, "bucket": "copies", "region": "us-east-1"}
    place |= {"access_key": READER.access}
    words = ["bastide-drill", "--host", target.client, "--municipality", "velgora"]
    words += ["--plan", "shares", "--target", "store", "--target-address", "", "--rpo", "600"]
    words += ["--bucket", json.dumps(place), "--work", str(target.folder / "work")]
    for secret, ok in (("another", False), (READER.secret, True)):
        monkeypatch.setattr("sys.argv", words)
        monkeypatch.setattr("sys.stdin", StringIO(f"correct horse\n{secret}\n"))
        printed = StringIO()
        monkeypatch.setattr("sys.stdout", printed)
        assert drill.main() == (0 if ok else 1), printed.getvalue()
        found = DrillResult.model_validate_json(printed.getvalue())
        assert (found.ok, found.target) == (ok, "store")
        assert secret not in printed.getvalue()
    assert (found.depth, found.files_verified) == (Depth.FILES, 1)


def test_one_object_that_was_covered_is_told(target: Target) -> None:
    assert target.push()["ok"]
    (name,) = (name for name in target.there() if "/snapshots/" in name)
    target.store.ask(WRITER, "PUT", f"/copies/{name}", body=b"short")
    found = target.push()
    assert "1 files there are not what was put" in found["error"]
    assert found["covered"] == 1


def test_the_secret_is_in_no_argument_log_or_state(
    target: Target, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    really, seen = subprocess.run, []

    def watched(words: list[str], **given: Any) -> Any:
        seen.append(" ".join(map(str, words)))
        return really(words, **given)

    with monkeypatch.context() as patch:
        patch.setattr(target.module.subprocess, "run", watched)
        assert target.push()["ok"]
    said = capfd.readouterr()
    kept = (target.folder / "state.json").read_text()
    assert seen
    assert WRITER.secret not in "".join((*seen, said.out, said.err, kept))


def test_metrics_name_the_bucket(target: Target) -> None:
    target.push()
    target.module.leave()
    text = (target.folder / "bastide_bucket_copies.prom").read_text()
    own = f'client="{target.client}",plan="shares",bucket="store"'
    assert f"bastide_copy_last_run_success{{{own}}} 1.0" in text
    assert f"bastide_copy_snapshots{{{own}}} 1.0" in text
    assert f"bastide_copy_listed_timestamp_seconds{{{own}}} " in text


def test_audits_are_told_when_the_newest_snapshot_came_and_no_words_of_another_account(
    target: Target,
) -> None:
    target.push()
    state = json.loads((target.folder / "state.json").read_text())
    state[target.name] |= {"snapshots": "<script>"}
    (target.folder / "state.json").write_text(json.dumps(state))
    target.module.leave()
    told = json.loads((target.folder / "told" / "buckets.json").read_text())
    (copy,) = read_buckets(json.dumps(told), "told").copies
    assert (copy.host, copy.plan, copy.target) == (target.client, "shares", "store")
    assert copy.newest == state[target.name]["newest"]
    assert told["copies"][0]["snapshots"] is None


def test_one_that_goes_into_no_bucket_is_wrong_use(target: Target) -> None:
    with pytest.raises(target.module.CopyError, match="these do: town-"):
        target.module.run(["velgora-app/permits"])
