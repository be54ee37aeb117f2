#!/usr/bin/python3 -EsB
"""Back up this host's plans with restic to a target that only lets snapshots be added.

    bastide-backup run [PLAN ...] [--max-age SECONDS]   back up now; exit 1 when a plan failed
    bastide-backup status [--keep]                      newest snapshot of each plan, as JSON
    bastide-backup restic PLAN [ARGUMENT ...]           restic on a plan's repository, by hand

A run dumps the plan's database, writes a manifest (hash of every file, rows of every table) and
keeps both, together with the plan's files, in one snapshot. A drill restores the snapshot and
holds it against that manifest. Nothing here deletes snapshots: this host's key cannot. Kept for
audits: what the target answered last, and what a weekly check of the repository found.
"""

import argparse
import fcntl
import json
import os
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from bastide_manifest import STAGING, BackupError, dump, file_states, hashed, seconds
from bastide_metrics import write_metrics, write_whole
from bastide_results import check_when_due, now, read_result

CONFIG = Path("/etc/bastide/backup")
STATE = STAGING.parent
CACHE = Path("/var/cache/bastide-backup")
STATUS = "status.json"
METRICS = Path("/var/lib/prometheus/node-exporter/bastide_backup.prom")
MANIFEST_FORMAT = 1
NO_REPOSITORY = "Is there a repository at the following location?"
LOCKED = "repository is already locked"
ASK_TIMEOUT_SECONDS = 120
PASSES = 2


@dataclass(frozen=True, slots=True)
class Plan:
    """One plan of this host, as /etc/bastide/backup/plans.json has it."""

    id: str
    host: str
    municipality: str
    target: str
    target_address: str
    target_user: str
    paths: tuple[str, ...]
    database: str

    @property
    def staging(self) -> Path:
        """The folder of the dump and the manifest while a run lasts."""
        return STAGING / self.id


def plans() -> tuple[Plan, ...]:
    """Read the host's plans; BackupError when the file is not what the role writes."""
    path = CONFIG / "plans.json"
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
        return tuple(Plan(**{**entry, "paths": tuple(entry["paths"])}) for entry in entries)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise BackupError(f"{path}: {error}; run the playbook configure.yml again") from None


def restic_command(plan: Plan) -> list[str]:
    """Return restic with its options for a plan: the way there, and where the password is."""
    ssh = [
        *("ssh", "-F", "none", "-i", str(CONFIG / plan.id / "key"), "-o", "IdentitiesOnly=yes"),
        *("-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes", "-o", "ConnectTimeout=8"),
        *("-o", f"UserKnownHostsFile={CONFIG / 'known_hosts'}", "-o", "ServerAliveInterval=30"),
        f"{plan.target_user}@{plan.target_address}",
    ]
    # The target's forced command decides what is served from which folder, whatever is asked.
    return [
        *("restic", "--repo", "rclone:", "--option", f"rclone.program={shlex.join(ssh)}"),
        *("--password-file", str(CONFIG / plan.id / "password"), "--cache-dir", str(CACHE)),
    ]


def restic(plan: Plan, *arguments: str, timeout: float | None = None) -> str:
    """Run restic and return what it printed; BackupError with its own last words otherwise."""
    command = [*restic_command(plan), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False)
    except subprocess.TimeoutExpired:
        raise BackupError(
            f"restic {arguments[0]}: {plan.target} did not answer in {timeout:.0f} s"
        ) from None
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if line.strip()]
        raise BackupError(f"restic {arguments[0]} ({done.returncode}): {' / '.join(said[-4:])}")
    return done.stdout


def newest(plan: Plan) -> dict[str, Any] | None:
    """Return the newest snapshot's id and time (ISO 8601), or None when there is none yet."""
    tag = f"plan={plan.id}"
    query = ("snapshots", "--json", "--no-lock", "--tag", tag, "--host", plan.host)
    snapshots = json.loads(restic(plan, *query, timeout=ASK_TIMEOUT_SECONDS)) or []
    if not snapshots:
        return None
    last = max(snapshots, key=lambda snapshot: seconds(snapshot["time"]))
    ids = [snapshot["id"] for snapshot in snapshots]
    return {"id": last["id"], "time": last["time"], "snapshots": len(snapshots), "ids": ids}


def write_manifest(plan: Plan) -> dict[str, Any]:
    """Dump, hash and count; leave dump and manifest in the staging folder."""
    manifest = {
        "format": MANIFEST_FORMAT,
        "host": plan.host,
        "municipality": plan.municipality,
        "plan": plan.id,
        "started": now(),
        "database": dump(plan.database, plan.staging) if plan.database else None,
        "files": list(hashed(plan.paths)),
    }
    text = json.dumps(manifest, indent=1)
    (plan.staging / "manifest.json").write_text(text, encoding="utf-8")
    return manifest


def snapshot(plan: Plan) -> str:
    """Let restic make a snapshot; a lock whose process has died is removed first if need be."""
    tags = ("--tag", f"plan={plan.id}", "--tag", f"municipality={plan.municipality}")
    what = ("backup", "--json", "--host", plan.host, *tags, str(plan.staging), *plan.paths)
    try:
        return restic(plan, *what)
    except BackupError as error:
        if LOCKED not in str(error):
            raise
    # Removes stale locks only: of dead processes of this host, or older than half an hour.
    restic(plan, "unlock", timeout=ASK_TIMEOUT_SECONDS)
    return restic(plan, *what)


def back_up(plan: Plan) -> dict[str, Any]:
    """Make one snapshot; once more when a file changed between hashing and reading it."""
    missing = [path for path in plan.paths if not Path(path).exists()]
    if missing:
        raise BackupError(f"plan {plan.id}: not there: {', '.join(missing)}")
    for _ in range(PASSES):
        manifest = write_manifest(plan)
        before = {f["path"]: (f["size"], f["mtime_ns"]) for f in manifest["files"]}
        printed = snapshot(plan)
        settled = file_states(plan.paths) == before
        if settled:
            break
    summary = json.loads(printed.splitlines()[-1])
    tables = manifest["database"]["tables"] if manifest["database"] else []
    return {
        "snapshot": summary["snapshot_id"],
        "size_bytes": summary["total_bytes_processed"],
        "added_bytes": summary["data_added"],
        "files": len(manifest["files"]),
        "rows": sum(table["rows"] for table in tables),
        "settled": settled,
    }


def run(plan: Plan, max_age: float) -> dict[str, Any]:
    """Back a plan up unless its newest snapshot is young enough; the result is a value."""
    STATE.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (STATE / f"{plan.id}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        started, clock = time.time(), time.monotonic()
        result: dict[str, Any] = {"host": plan.host, "plan": plan.id, "started": now()}
        try:
            last = newest_or_init(plan)
            if last and 0 <= started - seconds(last["time"]) <= max_age:
                return result | {"ran": False, "ok": True, "error": None, "snapshot": last["id"]}
            shutil.rmtree(plan.staging, ignore_errors=True)
            plan.staging.mkdir(mode=0o700, parents=True)
            result |= {"ok": True, "error": None, **back_up(plan)}
        except (BackupError, OSError, ValueError, KeyError, IndexError) as error:
            result |= {"ok": False, "error": str(error)}
        finally:
            shutil.rmtree(plan.staging, ignore_errors=True)
        result |= {"ran": True, "duration_seconds": round(time.monotonic() - clock, 2)}
        result["last_success"] = (
            started if result["ok"] else read_result(STATE / f"{plan.id}.json").get("last_success")
        )
        write_whole(STATE / f"{plan.id}.json", json.dumps(result, indent=1) + "\n", 0o600)
    return result


def newest_or_init(plan: Plan) -> dict[str, Any] | None:
    """Return the newest snapshot; make the repository first when the target has none."""
    try:
        return newest(plan)
    except BackupError as error:
        if NO_REPOSITORY not in str(error):
            raise
    restic(plan, "init", timeout=ASK_TIMEOUT_SECONDS)
    return None


def status(plan: Plan) -> dict[str, Any]:
    """Return the newest snapshot that the target holds for a plan, or why it cannot be told."""
    try:
        found, error = newest(plan), None
    except BackupError as refused:
        found, error = None, str(refused)
    return {
        "plan": plan.id,
        "target": plan.target,
        "target_address": plan.target_address,
        "snapshot": found,
        "error": error,
        "last_run": read_result(STATE / f"{plan.id}.json"),
        "check": read_result(STATE / f"{plan.id}.check.json"),
    }


def chosen(names: list[str]) -> tuple[Plan, ...]:
    """Return the plans with these names, all when none is named."""
    known = plans()
    unknown = set(names) - {plan.id for plan in known}
    if unknown:
        have = ", ".join(plan.id for plan in known) or "none"
        raise BackupError(f"no plan {', '.join(sorted(unknown))} on this host; it has: {have}")
    return tuple(plan for plan in known if not names or plan.id in names)


def command_run(options: argparse.Namespace) -> int:
    """Run the chosen plans one after the other and print their results."""
    picked = chosen(options.plans)
    results = [run(plan, options.max_age) for plan in picked]
    for plan, result in zip(picked, results, strict=True):
        if result["ok"]:
            check_when_due(STATE / f"{plan.id}.check.json", partial(restic, plan))
    write_metrics(METRICS, {plan.id: read_result(STATE / f"{plan.id}.json") for plan in plans()})
    if any(result["ran"] for result in results) or not (STATE / STATUS).exists():
        write_whole(STATE / STATUS, status_document() + "\n", 0o600)
    print(json.dumps(results, indent=1))
    return 0 if all(result["ok"] for result in results) else 1


def status_document() -> str:
    """Ask the targets for every plan at once and return one JSON document."""
    with ThreadPoolExecutor() as pool:
        found = list(pool.map(status, known := plans()))
    host = known[0].host if known else ""
    return json.dumps({"host": host, "at": now(), "plans": found}, indent=1)


def command_status(options: argparse.Namespace) -> int:
    """Print what the targets hold of every plan, and keep it when that is wished."""
    document = status_document()
    if options.keep:
        write_whole(STATE / STATUS, document + "\n", 0o600)
    print(document)
    return 0


def command_restic(options: argparse.Namespace) -> int:
    """Become restic."""
    command = [*restic_command(chosen([options.plan])[0]), *options.arguments]
    os.execvp(command[0], command)  # noqa: S606


def main() -> int:
    """Read the command line; 2 for wrong use, 1 when something failed."""
    parser = argparse.ArgumentParser(prog="bastide-backup", description="Back up this host.")
    commands = parser.add_subparsers(required=True)

    def command(name: str, action: Callable[[argparse.Namespace], int]) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=(action.__doc__ or "").splitlines()[0])
        added.set_defaults(action=action)
        return added

    running = command("run", command_run)
    running.add_argument("plans", nargs="*")
    running.add_argument("--max-age", type=float, default=-1.0, metavar="SECONDS")
    asking = command("status", command_status)
    asking.add_argument("--keep", action="store_true", help="keep it for audits too")
    by_hand = command("restic", command_restic)
    by_hand.add_argument("plan")
    by_hand.add_argument("arguments", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    try:
        return int(options.action(options))
    except BackupError as error:
        print(f"bastide-backup: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
