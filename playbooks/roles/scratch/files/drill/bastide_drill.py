#!/usr/bin/python3 -EsB
"""Restore a plan's newest snapshot into nothing, prove it, measure it and wipe it.

    bastide-drill --host HOST --municipality ID --plan ID --target NAME --target-address ADDRESS \\
        --rpo SECONDS [--database NAME] [--mariadb NAME] [--sqlite '["/PATH", …]'] \\
        [--earlier COUNTS] < FILE_WITH_THE_REPOSITORY_PASSWORD

The copy in a bucket is read with --bucket, a JSON object of its endpoint, bucket, region and
access_key, and the secret of that key as a second line of standard input.

Prints one JSON document; exit 0 when the plan was restored as deep as it can be, 1 when a step
failed, 2 for wrong use. The copies are read over SFTP as an account that cannot write.
"""

import argparse
import fcntl
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import drill_counts
import drill_mariadb
import drill_postgres
from bastide_manifest import (
    CLOCK_TOLERANCE_SECONDS,
    LONGEST_RUN_SECONDS,
    PSQL,
    STAGING,
    BackupError,
    asking,
    count_rows,
    databases,
    named_rows,
    seconds,
    sha256,
)
from bastide_sqlite import proved
from drill_result import (
    Drill,
    DrillError,
    Request,
    Step,
    climb,
    result,
)

CONFIG = Path("/etc/bastide/drill")
WORK = Path("/var/lib/bastide/drill")
TARGET_USER = "bastide-drill"
SHOWN = 5


def reach(request: Request) -> list[str]:
    """Return restic's options that say where a plan's copies are and how to get there."""
    if request.bucket:
        place = f"{request.bucket['endpoint']}/{request.bucket['bucket']}"
        return ["--repo", f"s3:{place}/{request.host}/{request.plan}"]
    account = f"{TARGET_USER}@{request.target_address}"
    ssh = [
        *("ssh", "-F", "none", "-i", str(CONFIG / "key"), "-o", "IdentitiesOnly=yes"),
        *("-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes", "-o", "ConnectTimeout=8"),
        *("-o", f"UserKnownHostsFile={CONFIG / 'known_hosts'}", "-o", "ServerAliveInterval=30"),
        *(account, "-s", "sftp"),
    ]
    repository = f"sftp:{account}:/{request.host}/{request.plan}"
    return ["--repo", repository, "--option", f"sftp.command={shlex.join(ssh)}"]


def restic(drill: Drill, *arguments: str) -> str:
    """Run restic, reading only, and return what it printed; DrillError with its last words."""
    cache = ("--no-lock", "--cache-dir", str(Path(drill.work) / "cache"))
    command = ["restic", *reach(drill.request), *cache, *arguments]
    # The environment of a root process is root's to read; argv is everyone's.
    environment = {**os.environ, "RESTIC_PASSWORD": drill.password, "TMPDIR": drill.work}
    environment |= bucket_key(drill)
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if line.strip()]
        raise DrillError(f"restic {arguments[0]} ({done.returncode}): {' / '.join(said[-SHOWN:])}")
    return done.stdout


def bucket_key(drill: Drill) -> dict[str, str]:
    """Return what restic needs to read a bucket; nothing where the copy is on a host."""
    if not drill.request.bucket:
        return {}
    return {
        "AWS_ACCESS_KEY_ID": drill.request.bucket["access_key"],
        "AWS_SECRET_ACCESS_KEY": drill.secret_key,
        "AWS_DEFAULT_REGION": drill.request.bucket["region"],
    }


def find(drill: Drill) -> None:
    """Find the plan's newest snapshot; one from the future is only taken when there is no other."""
    request = drill.request
    chosen = ("--host", request.host, "--tag", f"plan={request.plan}")
    found = json.loads(restic(drill, "snapshots", "--json", *chosen)) or []
    if not found:
        raise DrillError(
            f"no snapshot of the plan {request.plan} of {request.host}; run its backup"
        )
    latest = drill.started + CLOCK_TOLERANCE_SECONDS
    drill.found = [each["id"] for each in found]
    past = [snapshot for snapshot in found if seconds(snapshot["time"]) <= latest]
    drill.future = tuple(each["id"] for each in found if each not in past)
    drill.snapshot = max(past or found, key=lambda snapshot: seconds(snapshot["time"]))


def fresh(drill: Drill) -> None:
    """Hold the snapshot's age against the RPO; one from the future is not fresh."""
    age = drill.started - seconds(drill.snapshot["time"])
    if not -CLOCK_TOLERANCE_SECONDS <= age <= drill.request.rpo_seconds:
        allowed = f"expected 0 to {drill.request.rpo_seconds:.0f} s"
        raise DrillError(f"the newest snapshot is {age:.0f} s old, {allowed}")
    if drill.future:
        ids = ", ".join(one[:8] for one in drill.future[:SHOWN])
        raise DrillError(f"{len(drill.future)} snapshots are dated in the future: {ids}")


def whole(drill: Drill) -> None:
    """Hold the snapshots against those that the host has seen there."""
    drill_counts.compare_snapshots(drill, drill.found)


def check(drill: Drill) -> None:
    """Let restic check that nothing is missing from the repository."""
    restic(drill, "check")


def read(drill: Drill) -> None:
    """Let restic read the repository's data, or a share of it, and check every hash."""
    restic(drill, "check", f"--read-data-subset={drill.request.subset}")


def restored(drill: Drill, path: str) -> Path:
    """Return where a path of the backed up host is after the restore."""
    if ".." in Path(path).parts:
        raise DrillError(f"the manifest names a path outside the snapshot: {path}")
    return Path(drill.work) / "restore" / path.lstrip("/")


def restore(drill: Drill) -> None:
    """Restore the whole snapshot and read its manifest."""
    restic(drill, "restore", drill.snapshot["id"], "--target", str(Path(drill.work) / "restore"))
    manifest = restored(drill, str(STAGING / drill.request.plan / "manifest.json"))
    if not manifest.is_file():
        raise DrillError("the snapshot has no manifest: it was not made by bastide-backup")
    drill.manifest = json.loads(manifest.read_text(encoding="utf-8"))
    drill_counts.refuse_empty(drill)
    before = seconds(drill.snapshot["time"]) - began(drill)
    if not -CLOCK_TOLERANCE_SECONDS <= before <= LONGEST_RUN_SECONDS:
        raise DrillError(f"the manifest is of another time: {before:.0f} s before its snapshot")


def began(drill: Drill) -> float:
    """Return when the backup began to read: the manifest's start, else the snapshot's time."""
    return seconds(drill.manifest.get("started") or drill.snapshot["time"])


def compare(drill: Drill) -> None:
    """Hash every restored file; one that was changed while it was backed up is only counted."""
    bad = []
    top = (Path(drill.work) / "restore").resolve()
    changed = (began(drill) - 2) * 1e9  # file systems' clocks tick coarsely
    for entry in drill.manifest["files"]:
        path = restored(drill, entry["path"])
        # Nothing of this machine, which a link of the snapshot may lead to.
        if not path.is_file() or path.resolve() != top / entry["path"].lstrip("/"):
            bad.append(f"{entry['path']} is missing")
            continue
        drill.octets += path.stat().st_size
        if sha256(path) == entry["sha256"]:
            drill.files_verified += 1
        elif path.stat().st_mtime_ns != entry["mtime_ns"] and path.stat().st_mtime_ns >= changed:
            drill.files_moved += 1
        else:
            bad.append(f"{entry['path']} has another content")
    for database in databases(drill.manifest):
        dump = restored(drill, database["dump"])
        drill.octets += dump.stat().st_size
        if sha256(dump) != database["sha256"]:
            bad.append(f"{database['dump']} has another content")
    if bad:
        more = f" and {len(bad) - SHOWN} more" if len(bad) > SHOWN else ""
        raise DrillError("; ".join(bad[:SHOWN]) + more)
    drill_counts.refuse_unproved(drill, top, top / str(STAGING).lstrip("/"))


def sockets(drill: Drill) -> Path:
    """Return the throw-away server's folder."""
    return Path(drill.work) / "postgres"


def start(drill: Drill) -> None:
    """Start a database server of the drill's own."""
    drill_postgres.start(sockets(drill))


def load(drill: Drill) -> None:
    """Load the dump into it."""
    dump = restored(drill, drill.manifest["database"]["dump"])
    drill_postgres.load(sockets(drill), drill.request.database, dump)


def count(drill: Drill) -> None:
    """Count and hash the rows of every table as the backup did."""
    server = ("--host", str(sockets(drill)), "--dbname", drill.request.database)
    try:
        with asking([*drill_postgres.CONFINED, *PSQL, *server]) as ask:
            found = count_rows(ask)
    except BackupError as error:
        raise DrillError(str(error)) from None
    expected = drill.manifest["database"]["tables"]
    wrong = [table["name"] for table in expected if table not in found]
    if wrong or len(found) != len(expected):
        raise DrillError(f"not the rows of the manifest: {', '.join(wrong) or 'other tables'}")
    drill.rows |= {table["name"]: table["rows"] for table in found}
    drill_counts.refuse_no_rows(drill)


def probe(drill: Drill) -> None:
    """Ask the service that runs on the restored database."""
    drill_postgres.probe(sockets(drill), drill.request.database)


def dumped(drill: Drill, kind: str, names: list[str]) -> list[dict[str, Any]]:
    """Return the manifest's dumps of a kind; DrillError when one that the plan names is missing."""
    found = [dump for dump in drill.manifest.get("dumps", []) if dump["kind"] == kind]
    missing = {*names} - {dump["name"] for dump in found}
    if missing:
        raise DrillError(f"the snapshot has no dump of {', '.join(sorted(missing))}")
    return found


def copies(drill: Drill) -> None:
    """Open each copy of a SQLite database, let SQLite check it and count its rows."""
    for dump in dumped(drill, "sqlite", drill.request.sqlite):
        try:
            found = proved(restored(drill, dump["dump"]))
        except BackupError as error:
            raise DrillError(str(error)) from None
        if found != dump["tables"]:
            raise DrillError(f"{dump['name']} does not have the rows of the manifest")
        drill.rows |= named_rows([dump])
    drill_counts.refuse_no_rows(drill)


def start_mariadb(drill: Drill) -> None:
    """Start a MariaDB server of the drill's own."""
    drill_mariadb.start(Path(drill.work) / "mariadb")


def load_mariadb(drill: Drill) -> None:
    """Load the dump into it and hold every row against the manifest."""
    server = drill_mariadb.server(Path(drill.work) / "mariadb")
    for dump in dumped(drill, "mariadb", [drill.request.mariadb]):
        try:
            server.load(dump["name"], dump, restored(drill, dump["dump"]))
        except BackupError as error:
            raise DrillError(str(error)) from None
        drill.rows |= named_rows([dump])
    drill_counts.refuse_no_rows(drill)


STEPS = (
    Step("find the newest snapshot", 0, find),
    Step("hold its age against the RPO", 1, fresh, recovery=False, fatal=False),
    Step(
        "compare the snapshots with those that were there",
        2, whole, recovery=False, fatal=False,
    ),
    Step("check the repository's structure", 2, check, recovery=False),
    Step("read the repository's data", 3, read, recovery=False),
    Step("restore the snapshot", 4, restore),
    Step("compare every file with the manifest", 4, compare),
    Step(
        "compare the number of files with the last drill's",
        4, drill_counts.compare_files, recovery=False, fatal=False,
    ),
    Step("start a database server", 5, start, needs="database"),
    Step("load the dump", 5, load, needs="database"),
    Step("compare every table with the manifest", 5, count, needs="database"),
    Step("open the copies of SQLite databases and count their rows", 5, copies, needs="sqlite"),
    Step("start a MariaDB server", 5, start_mariadb, needs="mariadb"),
    Step("load its dump and compare every row", 5, load_mariadb, needs="mariadb"),
    Step(
        "compare the rows with the last drill's",
        5, drill_counts.compare_rows, recovery=False, fatal=False, needs="rows",
    ),
    Step("ask the service", 5, probe, needs="database"),
)  # fmt: skip


def data_time(drill: Drill) -> float | None:
    """Return when the restored data was read: the manifest's start, else the snapshot's time."""
    return began(drill) if drill.snapshot else None


def run(request: Request, password: str, work: Path, secret_key: str = "") -> dict[str, Any]:
    """Drill in a folder of its own under `work` and leave nothing there."""
    work.mkdir(mode=0o711, parents=True, exist_ok=True)
    with (work / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        wipe(work)
        folder = tempfile.mkdtemp(prefix="drill-", dir=work)
        Path(folder).chmod(0o711)
        drill = Drill(request, password, folder, secret_key=secret_key)
        try:
            climb(drill, STEPS)
            return result(drill, STEPS, data_time(drill))
        finally:
            wipe(work)


def wipe(work: Path) -> None:
    """Remove what this drill, or one that was killed, has left."""
    for folder in work.glob("drill-*"):
        drill_postgres.stop(folder / "postgres")
        drill_mariadb.stop(folder / "mariadb")
        shutil.rmtree(folder, ignore_errors=True)


def parse_arguments() -> tuple[Request, Path]:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="bastide-drill", description="Restore, prove, measure.")
    for name in ("host", "municipality", "plan", "target", "target-address"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--database", default="", help="of PostgreSQL")
    parser.add_argument("--mariadb", default="", help="the database of MariaDB")
    parser.add_argument("--sqlite", default="[]", type=json.loads, help="files of SQLite, as JSON")
    parser.add_argument("--rpo", required=True, type=float, metavar="SECONDS")
    parser.add_argument("--subset", default="100%", help="share of the data to read: 100%%, 1/7")
    parser.add_argument("--earlier", default="{}", type=json.loads, help="the last drill's counts")
    parser.add_argument("--bucket", default="{}", type=json.loads, help="where it is in a bucket")
    parser.add_argument("--work", default=WORK, type=Path)
    got = parser.parse_args()
    request = Request(
        got.host, got.municipality, got.plan, got.database, got.target, got.target_address,
        got.rpo, got.subset, got.earlier, got.bucket, got.mariadb, got.sqlite,
    )  # fmt: skip
    return request, got.work


def main() -> int:
    """Drill once and print the result."""
    request, work = parse_arguments()
    # Turned into an exception, so that what was restored is wiped all the same.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    password, secret_key = (sys.stdin.readline().rstrip("\n") for _ in range(2))
    found = run(request, password, work, secret_key)
    print(json.dumps(found, indent=1))
    return 0 if found["ok"] else 1


if __name__ == "__main__":
    sys.exit(main())
