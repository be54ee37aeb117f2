"""Copies in a bucket with object lock, against who has a client's keys: nothing is lost.

What a target of kind S3 has to be, proved with restic and an S3 server: a bucket with versions and
a default lock (mode COMPLIANCE), and for each client a policy by which it may delete its own locks
alone. Keys that are stolen can then cover objects up, never remove a version; whoever may read
versions restores what there was before.
"""

import hashlib
import json
import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.oracles.object_store import LOCK, Keys, ObjectStore
from tests.oracles.programs import VERSITYGW

pytestmark = pytest.mark.skipif(
    not VERSITYGW.executable.exists(), reason="make oracles builds the S3 server"
)
BUCKET, PREFIX, OTHER = "copies", "velgora-app/permits", "kastrava-app/permits"
CLIENT, NEIGHBOUR = Keys("velgora-app", "secret-of-velgora"), Keys("kastrava", "secret-of-kastrava")
PASSWORD = {"RESTIC_PASSWORD": "correct horse"}
REFUSED = 403
FORCED = {"x-amz-bypass-governance-retention": "true"}
VERSION = re.compile(r"<Version>.*?<Key>(.*?)</Key>.*?<VersionId>(.*?)</VersionId></Version>", re.S)


def policy() -> str:
    """Each client adds to its own folder, reads it, and deletes its own locks alone."""
    statements: list[dict[str, object]] = []
    for keys, prefix in ((CLIENT, PREFIX), (NEIGHBOUR, OTHER)):
        folder = f"arn:aws:s3:::{BUCKET}/{prefix}"
        for actions, resource in (
            (["s3:GetObject", "s3:PutObject"], f"{folder}/*"),
            (["s3:DeleteObject"], f"{folder}/locks/*"),
            (["s3:ListBucket", "s3:GetBucketLocation"], f"arn:aws:s3:::{BUCKET}"),
        ):
            statements.append(
                {
                    "Effect": "Allow",
                    "Principal": {"AWS": [keys.access]},
                    "Action": actions,
                    "Resource": [resource],
                }
            )
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


@dataclass(frozen=True)
class Bucket:
    """A bucket with a lock, a client that keeps its copies there, and its data."""

    store: ObjectStore
    folder: Path

    def restic(self, *words: str) -> str:
        """Run restic as the client does."""
        repository = f"s3:{self.store.endpoint}/{BUCKET}/{PREFIX}"
        return self._run("restic", "--no-cache", "--repo", repository, *words)

    def whole(self, folder: Path) -> None:
        """Fetch, of each object, the version that is what its name says, as who may read versions.

        All of restic's files are named after the SHA-256 of their content but `config`, which is
        written once: its first version. No clock is asked.
        """
        for name, versions in self.versions().items():
            path = folder / name.removeprefix(f"{PREFIX}/")
            for version in reversed(versions):
                query = {"versionId": version}
                content = self.store.ask(self.store.root, "GET", f"/{BUCKET}/{name}", query).body
                if path.name in ("config", hashlib.sha256(content).hexdigest()):
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_bytes(content)
                    break

    def restore(self, repository: Path, target: Path) -> None:
        """Restore the newest snapshot of a repository in a folder."""
        words = ("--no-cache", "--no-lock", "--repo", str(repository))
        self._run("restic", *words, "restore", "latest", "--target", str(target))

    def _run(self, *command: str) -> str:
        own = {"PATH": os.environ["PATH"], "HOME": str(self.folder)}
        trusted = {"SSL_CERT_FILE": str(self.store.certificate)}
        environment = {**own, **PASSWORD, **CLIENT.environment, **trusted}
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, check=False, timeout=300
        )
        if done.returncode:
            raise AssertionError(done.stderr)
        return done.stdout

    def names(self) -> list[str]:
        """Return every object of the client's repository, as the client sees it."""
        listed = self.store.ask(CLIENT, "GET", f"/{BUCKET}", {"list-type": "2", "prefix": PREFIX})
        assert listed.status == 200, listed
        return [part.partition("</Key>")[0] for part in listed.text.split("<Key>")[1:]]

    def versions(self) -> dict[str, list[str]]:
        """Return the versions that there are of each object, the newest first."""
        query = {"prefix": PREFIX, "versions": ""}
        listed = self.store.ask(self.store.root, "GET", f"/{BUCKET}", query)
        assert "<IsTruncated>false<" in listed.text, listed
        found: dict[str, list[str]] = {}
        for name, version in VERSION.findall(listed.text):
            found.setdefault(name, []).append(version)
        return found


@pytest.fixture(scope="module")
def bucket(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bucket]:
    folder = tmp_path_factory.mktemp("store")
    store = ObjectStore(folder)
    try:
        for keys in (CLIENT, NEIGHBOUR):
            store.account(keys)
        store.bucket(BUCKET, policy())
        one = Bucket(store, folder)
        (folder / "data").mkdir()
        (folder / "data" / "register").write_bytes(os.urandom(300_000))
        one.restic("init")
        one.restic("backup", str(folder / "data"))
        yield one
    finally:
        store.stop()


def test_a_client_backs_up_and_checks_with_what_its_policy_lets_it(bucket: Bucket) -> None:
    (bucket.folder / "data" / "second").write_bytes(os.urandom(1000))
    bucket.restic("backup", str(bucket.folder / "data"))
    bucket.restic("check", "--read-data")
    assert not any("/locks/" in name for name in bucket.names())


def test_another_client_reaches_nothing(bucket: Bucket) -> None:
    for name in bucket.names():
        assert bucket.store.ask(NEIGHBOUR, "GET", f"/{BUCKET}/{name}").status == REFUSED
        junk = bucket.store.ask(NEIGHBOUR, "PUT", f"/{BUCKET}/{name}", body=b"junk")
        assert junk.status == REFUSED


def test_stolen_keys_remove_no_version_and_what_was_there_before_is_restored(
    bucket: Bucket,
) -> None:
    names = [name for name in bucket.names() if "/locks/" not in name]
    assert any("/data/" in name for name in names)
    kept, ask = bucket.versions(), bucket.store.ask
    for name in names:
        place, (version, *_) = f"/{BUCKET}/{name}", kept[name]
        assert ask(CLIENT, "DELETE", place).status == REFUSED
        for who in (CLIENT, bucket.store.root):
            gone = ask(who, "DELETE", place, {"versionId": version}, headers=FORCED)
            assert gone.status == REFUSED, (who, gone)
        # What is written over it covers it, and is another version.
        assert ask(CLIENT, "PUT", place, body=b"encrypted: pay").status == 200
    assert all(set(kept[name]) < set(bucket.versions()[name]) for name in names)
    with pytest.raises(AssertionError):
        bucket.restic("--no-lock", "snapshots")

    target = bucket.folder / "restored"
    bucket.whole(bucket.folder / "repository")
    bucket.restore(bucket.folder / "repository", target)
    for file in (bucket.folder / "data").iterdir():
        assert (target / str(file).lstrip("/")).read_bytes() == file.read_bytes()


def test_what_the_administrators_keys_have_hidden_is_restored_too(bucket: Bucket) -> None:
    for name in bucket.names():
        assert bucket.store.ask(bucket.store.root, "DELETE", f"/{BUCKET}/{name}").status == 204
    assert bucket.names() == []
    bucket.whole(bucket.folder / "hidden")
    bucket.restore(bucket.folder / "hidden", bucket.folder / "again")
    restored = bucket.folder / "again" / str(bucket.folder / "data" / "register").lstrip("/")
    assert restored.read_bytes() == (bucket.folder / "data" / "register").read_bytes()


@pytest.mark.parametrize(
    ("query", "body"),
    [
        ({"object-lock": ""}, LOCK.format(mode="GOVERNANCE", days=1).encode()),
        ({"policy": ""}, policy().encode()),
        (
            {"versioning": ""},
            b"<VersioningConfiguration><Status>Suspended</Status></VersioningConfiguration>",
        ),
    ],
    ids=["lock", "policy", "versions"],
)
def test_stolen_keys_change_nothing_of_the_bucket(
    bucket: Bucket, query: dict[str, str], body: bytes
) -> None:
    assert bucket.store.ask(CLIENT, "PUT", f"/{BUCKET}", query, body).status == REFUSED
    assert bucket.store.ask(CLIENT, "DELETE", f"/{BUCKET}").status == REFUSED


def test_stolen_keys_shorten_no_lock(bucket: Bucket) -> None:
    """Whoever may put retentions could: this server writes the default one into no version."""
    sooner = (
        "<Retention><Mode>COMPLIANCE</Mode><RetainUntilDate>"
        f"{datetime.now(UTC) + timedelta(minutes=1):%Y-%m-%dT%H:%M:%SZ}"
        "</RetainUntilDate></Retention>"
    ).encode()
    for name, versions in bucket.versions().items():
        for version in versions:
            query = {"retention": "", "versionId": version}
            answer = bucket.store.ask(CLIENT, "PUT", f"/{BUCKET}/{name}", query, sooner, FORCED)
            assert answer.status == REFUSED, answer
