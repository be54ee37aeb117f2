#!/usr/bin/python3 -EsB
"""Put second copies of this target's repositories into buckets with object lock.

    bastide-vault-push [HOST/PLAN …]             put now, as the account bastide-push
    bastide-vault-push --accept-keys HOST/PLAN   another password of a repository is meant
    bastide-vault-push --tell                    leave what was put for metrics and audits, as root

Nothing goes where the lock is not what was declared. Repositories are copied as they are, so no
password is needed here: a file is called by the SHA-256 of its content, and what does not have it
is not put. What is in the bucket is never put again, and nothing is deleted there: this account
could not. Keys come with the repository alone: one that is added later opens it to somebody else.
"""

import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bastide_copies import (
    LARGEST_OCTETS,
    ORDER,
    TAKEN,
    CopyError,
    command_line,
    copy_each,
    kind_of,
    locked,
    read_state,
    said,
    snapshots,
    tell,
    write_whole,
)
from bastide_s3 import Asked, lock_problem

FOLDER = Path("/srv/backups")
CONFIG = Path("/etc/bastide/push")
STATE = Path("/var/lib/bastide-push/state.json")
METRICS = Path("/var/lib/prometheus/node-exporter/bastide_bucket_copies.prom")
# Root's, and kept by audits: how `bastide backup status` knows of a bucket, which hosts cannot ask.
TOLD = Path("/var/lib/bastide/vault/buckets.json")
# Read in this order, no snapshot is listed without its data.
READ = ("snapshots", "index", "data", "keys", "config")
OPTIONS = (
    *("--config", "", "--s3-provider", "Other", "--s3-no-check-bucket", "--s3-no-head"),
    *("--s3-upload-cutoff", "5G", "--contimeout", "20s", "--retries", "1"),
)
NO_SUCH_FOLDER = 3
PIECE = 1024 * 1024
LONGEST_SECONDS = 12 * 3600


@dataclass(frozen=True, slots=True)
class Put:
    """A repository that is put into a bucket: whose plan, which bucket, and for how long."""

    name: str
    bucket: str
    place: Asked
    lock_days: int

    @property
    def folder(self) -> Path:
        """Where the repository lies."""
        return FOLDER / self.name

    @property
    def remote(self) -> str:
        """Where its copy lies, as rclone says it."""
        return f":s3:{self.place.bucket}/{self.name}"

    @property
    def labels(self) -> str:
        """The labels of its series."""
        client, _, plan = self.name.partition("/")
        return f'client="{client}",plan="{plan}",bucket="{self.bucket}"'


@dataclass(frozen=True, slots=True)
class Stored:
    """A file that a bucket holds: its octets, and the MD5 that the server says it has."""

    octets: int
    md5: str


def puts() -> tuple[Put, ...]:
    """Read what is put where; CopyError when the files are not what the role writes."""
    path = CONFIG / "buckets.json"
    try:
        return tuple(
            Put(name, bucket["target"], _place(bucket), int(bucket["lock_days"]))
            for bucket in json.loads(path.read_text(encoding="utf-8"))
            for name in bucket["copies"]
        )
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise CopyError(f"{path}: {error}; run the playbook configure.yml again") from None


def _place(bucket: dict[str, Any]) -> Asked:
    secret = CONFIG / f"{bucket['target']}.secret"
    # Metrics are root's to write, whose service has no business with the secret.
    key = secret.read_text(encoding="utf-8").strip() if os.access(secret, os.R_OK) else ""
    endpoint, name, region, access_key = (
        str(bucket[field]) for field in ("endpoint", "bucket", "region", "access_key")
    )
    return Asked(endpoint, name, region, access_key, key)


def rclone(put: Put, *words: str, given: str = "") -> "subprocess.CompletedProcess[str]":
    """Run rclone; the secret is in its environment, which others cannot read, not in argv."""
    # What is meant for Amazon's own programs is not meant for this.
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
        "RCLONE_S3_ENDPOINT": put.place.endpoint,
        "RCLONE_S3_REGION": put.place.region,
        "RCLONE_S3_ACCESS_KEY_ID": put.place.access_key,
        "RCLONE_S3_SECRET_ACCESS_KEY": put.place.secret_key,
    }
    return subprocess.run(
        ["rclone", *OPTIONS, *words],
        env=environment,
        input=given,
        capture_output=True,
        text=True,
        check=False,
        timeout=LONGEST_SECONDS,
    )


def stored(put: Put) -> dict[str, Stored]:
    """Return what the bucket holds of the repository; what is no file of one is not looked at."""
    words = ("lsjson", "--recursive", "--files-only", "--no-modtime", "--no-mimetype", "--hash")
    done = rclone(put, *words, put.remote)
    if done.returncode == NO_SUCH_FOLDER:
        return {}
    if done.returncode:
        raise CopyError(f"{put.bucket}: {said(done.stderr) or 'it lists nothing'}")
    listed = {entry["Path"]: entry for entry in json.loads(done.stdout)}
    return {
        name: Stored(int(entry["Size"]), entry.get("Hashes", {}).get("md5", ""))
        for name, entry in listed.items()
        if TAKEN.fullmatch(name)
    }


def held(folder: Path) -> dict[str, os.stat_result]:
    """Return the repository's files; what is no file of one, or a link, is not looked at."""
    found = {}
    for part in READ:
        paths = [folder / part] if part == "config" else (folder / part).rglob("*")
        for path in paths:
            name = str(path.relative_to(folder))
            if TAKEN.fullmatch(name) and path.is_file() and not path.is_symlink():
                found[name] = path.stat()
    if "config" not in found:
        raise CopyError("there is no repository")
    return found


def refuse_unlocked(put: Put) -> None:
    """Raise CopyError where what comes in is not locked as it was declared."""
    if problem := lock_problem(put.place, put.lock_days):
        raise CopyError(f"{put.bucket}: {problem}; nothing was put there")


def is_another(put: Put, there: dict[str, Stored]) -> bool:
    """Whether the bucket has another repository than lies here, by the MD5 of its config."""
    content = (put.folder / "config").read_bytes()
    own = hashlib.md5(content, usedforsecurity=False).hexdigest()
    return "config" in there and there["config"].md5 != own


def refuse_another(put: Put, *, another: bool) -> None:
    """Raise CopyError where the bucket has another repository."""
    if another:
        raise CopyError(
            f"{put.bucket} has another repository than lies here: find out who replaced it, or the "
            "file config there; the copy is as it was"
        )


def covered(here: dict[str, os.stat_result], there: dict[str, Stored]) -> int:
    """Return how many files of the bucket have another size than lies here under their names."""
    return sum(here[name].st_size != there[name].octets for name in here.keys() & there.keys())


def wanted(here: Sequence[str], there: dict[str, Stored], *, keys: bool) -> list[str]:
    """Return the files that the bucket lacks, keys only with the rest of a repository."""
    names = [name for name in here if name not in there]
    return [name for name in names if keys or not name.startswith("keys/")]


def whole(folder: Path, name: str) -> bool:
    """Whether a file is what its name says; what the config hashes to, nothing says."""
    path, digest = folder / name, hashlib.sha256()
    if path.stat().st_size > LARGEST_OCTETS:
        return False
    with path.open("rb") as file:
        while piece := file.read(PIECE):
            digest.update(piece)
    return name == "config" or digest.hexdigest() == path.name


def send(put: Put, names: Sequence[str]) -> Iterator[str]:
    """Put files, kind by kind, and yield those that are not what they are called: not put."""
    for number, part in enumerate(ORDER):
        chosen = [name for name in names if kind_of(name) == number]
        good = [name for name in chosen if whole(put.folder, name)]
        yield from sorted({*chosen} - {*good})
        if not good:
            continue
        words = ("copy", "--no-traverse", "--ignore-existing", "--files-from-raw", "-")
        done = rclone(put, *words, str(put.folder), put.remote, given="\n".join(good))
        if done.returncode:
            raise CopyError(f"{put.bucket}: {said(done.stderr) or f'{part} did not go'}")


def put_one(put: Put, known: dict[str, Any], *, accept_keys: bool = False) -> dict[str, Any]:
    """Put one repository; return what is to be known of it next time, with the result."""
    started, clock = time.time(), time.monotonic()
    known = {"last_success": None, **known, "at": started, "ok": False, "error": None, "octets": 0}
    try:
        refuse_unlocked(put)
        with locked(put.folder):
            there, here = stored(put), held(put.folder)
            another = is_another(put, there)
            known["covered"] = covered(here, there) or int(another)
            refuse_another(put, another=another)
            keys = accept_keys or not any(name.startswith("keys/") for name in there)
            names = wanted(list(here), there, keys=keys)
            bad = list(send(put, names))
            there = stored(put) if names else there
            known |= after(here, there) | {
                "listed": time.time(),
                "octets": sum(here[name].st_size for name in names if name in there),
            }
        refuse_damaged(put, bad, known["covered"])
        known |= {"ok": True, "last_success": started}
    except (CopyError, OSError, ValueError, subprocess.SubprocessError) as error:
        known["error"] = str(error)
    return known | {"seconds": round(time.monotonic() - clock, 2)}


def after(here: dict[str, os.stat_result], there: dict[str, Stored]) -> dict[str, Any]:
    """Return what the copy is now: its newest snapshot, what this target lost, refused keys."""
    both = here.keys() & there.keys()
    return {
        "newest": max((here[name].st_mtime for name in snapshots(both)), default=None),
        "snapshots": len(snapshots(there)),
        "gone": len(snapshots(there.keys() - here.keys())),
        "refused_keys": sum(n.startswith("keys/") for n in here.keys() - there.keys()),
    }


def refuse_damaged(put: Put, bad: Sequence[str], covered: int) -> None:
    """Raise CopyError for files that are not what they should be, here or in the bucket."""
    if bad:
        raise CopyError(
            f"{len(bad)} files are damaged here or were cut off, such as {bad[0]}: not put"
        )
    if covered:
        raise CopyError(
            f"{put.bucket}: {covered} files there are not what was put: somebody has written over "
            "them; what there was before is locked, in an earlier version"
        )


def run(names: Sequence[str], *, accept_keys: bool = False) -> int:
    """Put the repositories that are named, or all; 1 when one of them is not whole."""
    every = {put.name: put for put in puts()}
    if unknown := set(names) - every.keys():
        have = ", ".join(every) or "none"
        raise CopyError(f"{', '.join(sorted(unknown))} goes into no bucket; these do: {have}")
    return copy_each(
        STATE,
        {name: f"into {every[name].bucket}" for name in names or every},
        [*every],
        lambda name, known: put_one(every[name], known, accept_keys=accept_keys),
    )


def leave() -> None:
    """Leave, as root, what is known of each copy: for metrics, and for audits to keep."""
    every, state = puts(), read_state(STATE)
    tell(METRICS, state, {put.name: put.labels for put in every})
    TOLD.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    copies = [told(put, state.get(put.name, {})) for put in every]
    write_whole(TOLD, json.dumps({"at": time.time(), "copies": copies}, indent=1) + "\n", 0o644)


def told(put: Put, known: dict[str, Any]) -> dict[str, Any]:
    """Return what audits keep of a copy; nothing but numbers is taken from another account."""
    host, _, plan = put.name.partition("/")
    numbers = {key: known.get(key) for key in ("newest", "snapshots")}
    sure = {key: n if isinstance(n, int | float) else None for key, n in numbers.items()}
    return {"host": host, "plan": plan, "target": put.bucket, **sure}


def main() -> int:
    """Read the command line."""
    return command_line(
        "bastide-vault-push",
        "Put second copies.",
        run,
        leave,
    )


if __name__ == "__main__":
    sys.exit(main())
