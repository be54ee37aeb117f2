#!/usr/bin/python3 -EsB
"""Back up this host's plans with restic to a target that only lets snapshots be added.

    bastide-backup run [PLAN ...] [--max-age SECONDS]   back up now; exit 1 when a plan failed
    bastide-backup run PLAN --accept-loss               go on although copies are gone, or not ours
    bastide-backup status [--keep]                      newest snapshot of each plan, as JSON
    bastide-backup restore PLAN [--snapshot ID]         bring data back beside what is there
    bastide-backup restore PLAN --over PLAN             bring data back over what is there
    bastide-backup restore PLAN --from TARGET           from this copy, not from whichever answers
    bastide-backup restore PLAN --at TIME --path PATH   as it was then, these files alone
    bastide-backup restore PLAN --look                  what that would bring, as JSON; no more
    bastide-backup settle [PLAN ...]                    clear up after runs that were cut off
    bastide-backup approve PLAN FILE                    try a new password before it is taken
    bastide-backup restic PLAN [ARGUMENT ...]           restic on a plan's repository, by hand

A run calls the plan's own program before and after it, dumps its databases, writes a manifest (hash
of every file, rows of every table) and keeps all of it, together with the plan's files, in one
snapshot. A drill restores the snapshot and holds it against that manifest. Nothing here deletes
snapshots: this host's key cannot. Kept for audits: what the target answered last, and what a weekly
check of the repository found.

No repository is made anew where a run had succeeded before, and a host that has never run a plan
does not add to copies that are there already: it was replaced, and its data is to be restored.
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
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from glob import escape
from pathlib import Path
from typing import Any

from bastide_counted import (
    WHOLE,
    judged,
    newest_counted,
    read_verdicts,
    remember,
    save_verdicts,
)
from bastide_fetch import (
    Restore,
    WrongAskError,
    counted,
    fetch,
    folder_of,
    free_at,
    lacking,
    look,
    say,
)
from bastide_hooks import Hook, Hooks
from bastide_manifest import (
    STAGING,
    BackupError,
    databases,
    dump,
    file_states,
    hashed,
    named_rows,
    seconds,
)
from bastide_mariadb import Server
from bastide_metrics import write_metrics, write_whole
from bastide_parts import TICK_SECONDS
from bastide_restore import bring_beside, put_over
from bastide_results import check_when_due, now, read_result
from bastide_sqlite import copy as copy_sqlite
from bastide_sqlite import parts
from bastide_words import in_words

CONFIG = Path("/etc/bastide/backup")
STATE = STAGING.parent
CACHE = Path("/var/cache/bastide-backup")
BESIDE = Path("/var/restore")
STATUS = "status.json"
METRICS = Path("/var/lib/prometheus/node-exporter/bastide_backup.prom")
MANIFEST_FORMAT = 1
NO_REPOSITORY = "Is there a repository at the following location?"
INCOMPLETE = "restic backup (3)"
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
    keep_seconds: float = 0.0
    copies: tuple["Plan", ...] = ()
    pulled: bool = False
    before: Hook | None = None
    after: Hook | None = None
    mariadb: str = ""
    sqlite: tuple[str, ...] = ()

    @property
    def cache(self) -> Path:
        """What restic has read; in one folder, each target would empty the other's."""
        return CACHE / self.target if self.pulled else CACHE

    @property
    def staging(self) -> Path:
        """The folder of the dump and the manifest while a run lasts."""
        return STAGING / self.id

    @property
    def hooks(self) -> Hooks:
        """The administrator's programs that run around a backup of it."""
        password = CONFIG / self.id / "password"
        return Hooks(self.id, self.before, self.after, STATE / f"{self.id}.owed", password)


def plans() -> tuple[Plan, ...]:
    """Read the host's plans; BackupError when the file is not what the role writes."""
    path = CONFIG / "plans.json"
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
        return tuple(made(entry) for entry in entries)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise BackupError(f"{path}: {error}; run the playbook configure.yml again") from None


def made(entry: dict[str, Any]) -> Plan:
    """Return a plan as the file has it, with the same plan at each target that pulls a copy."""
    copies = dict(entry).get("copies", [])
    hooks = {name: Hook(**entry[name]) for name in ("before", "after") if entry.get(name)}
    lists = {name: tuple(entry.get(name, ())) for name in ("paths", "sqlite")}
    plan = Plan(**{**entry, **lists, "copies": (), **hooks})
    return replace(plan, copies=tuple(copy_of(plan, **copy) for copy in copies))


def copy_of(plan: Plan, target: str, target_address: str, **_: str) -> Plan:
    """Return a plan at a target that has pulled its copy; it can only be read there."""
    return replace(plan, target=target, target_address=target_address, copies=(), pulled=True)


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
        *("--password-file", str(CONFIG / plan.id / "password"), "--cache-dir", str(plan.cache)),
    ]


def restic(
    plan: Plan,
    *arguments: str,
    timeout: float | None = None,
    password: Path | None = None,
    watch: Callable[[int], None] | None = None,
) -> str:
    """Run restic and return what it printed; BackupError says why it failed, in words.

    `password`: the file of another password than the plan's, to be tried. `watch` is called with
    the number of its process every other second while it runs.
    """
    other = ("--password-file", str(password)) if password else ()
    command = [*restic_command(plan), *other, *arguments]
    try:
        status, out, errors = _watched(command, watch) if watch else _ended(command, timeout)
    except subprocess.TimeoutExpired:
        raise BackupError(
            f"restic {arguments[0]}: {plan.target} did not answer in {timeout:.0f} s"
        ) from None
    if status:
        said = in_words(errors, plan.target)
        raise BackupError(f"restic {arguments[0]} ({status}): {said}")
    return out


def _ended(command: list[str], timeout: float | None) -> tuple[int, str, str]:
    done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False)
    return done.returncode, done.stdout, done.stderr


def _watched(command: list[str], watch: Callable[[int], None]) -> tuple[int, str, str]:
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True) as process:
        try:
            while True:
                try:
                    out, errors = process.communicate(timeout=TICK_SECONDS)
                except subprocess.TimeoutExpired:
                    watch(process.pid)
                else:
                    return process.returncode, out, errors
        except BaseException:
            process.kill()
            raise


def newest(plan: Plan, until: float | None = None) -> dict[str, Any]:
    """Return the newest snapshot that counts: its id and time, both None when there is none.

    Besides, how many there are, all their ids and times, and each newer one that does not count.
    Of those made `until` then, in seconds since 1970, where that is said.
    """
    tag = f"plan={plan.id}"
    query = ("snapshots", "--json", "--no-lock", "--tag", tag, "--host", plan.host)
    found = json.loads(restic(plan, *query, timeout=ASK_TIMEOUT_SECONDS)) or []
    own = f".{plan.target}" if plan.pulled else ""
    path = STATE / f"{plan.id}{own}.counted.json"
    verdicts = read_verdicts(path, last_snapshot(plan), found)
    manifest = str(plan.staging / "manifest.json")

    def manifest_of(snapshot: str) -> str:
        asked = ("dump", "--no-lock", snapshot, manifest)
        return restic(plan, *asked, timeout=ASK_TIMEOUT_SECONDS)

    asked_for = [each for each in found if until is None or seconds(each["time"]) <= until]
    last, doubted = newest_counted(
        asked_for, verdicts, lambda snapshot: judged(snapshot, plan, manifest_of), time.time()
    )
    save_verdicts(path, verdicts)
    if not plan.pulled:
        good = [each for each in found if verdicts.get(each["id"]) == WHOLE]
        remember(STATE / f"{plan.id}.seen.json", good, plan.keep_seconds, time.time())
    known = {"id": last["id"], "time": last["time"]} if last else {"id": None, "time": None}
    made = {snapshot["id"]: snapshot["time"] for snapshot in found}
    return {**known, "snapshots": len(found), "ids": list(made), "made": made, "doubted": doubted}


def last_snapshot(plan: Plan) -> str | None:
    """Return the beginning of the id of the snapshot that this host's last good run made."""
    kept = kept_snapshot(read_result(STATE / f"{plan.id}.json"))
    return str(kept) if kept else None


def kept_snapshot(saved: dict[str, Any]) -> Any:
    """Return the last good run's snapshot as a saved result has it; older ones have their own."""
    return saved.get("last_snapshot") or (saved.get("snapshot") if saved.get("ok") else None)


def write_manifest(plan: Plan) -> dict[str, Any]:
    """Dump, hash and count; leave dump and manifest in the staging folder."""
    kept = STATE / f"{plan.id}.hashes.json"
    hashes, copied = read_result(kept), parts(plan.sqlite)
    before = dict(hashes)
    manifest = {
        "format": MANIFEST_FORMAT,
        "host": plan.host,
        "municipality": plan.municipality,
        "plan": plan.id,
        "started": now(),
        "database": dump(plan.database, plan.staging) if plan.database else None,
        "dumps": list(dumps(plan)),
        "files": [each for each in hashed(plan.paths, hashes) if each["path"] not in copied],
    }
    # On one line: json indents in Python, fifty times slower.
    (plan.staging / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    if hashes != before:
        write_whole(kept, json.dumps(hashes), 0o600)
    return manifest


def dumps(plan: Plan) -> Iterator[dict[str, Any]]:
    """Dump the plan's databases of SQLite and MariaDB; yield an entry of the manifest for each."""
    for path in plan.sqlite:
        yield copy_sqlite(path, plan.staging)
    if plan.mariadb:
        yield Server().dump(plan.mariadb, plan.staging)


def snapshot(plan: Plan) -> str:
    """Let restic make a snapshot; a lock whose process has died is removed first if need be.

    Where it could not store a file, it is let read all of them again: pieces that the last snapshot
    had may be gone from the repository.
    """
    tags = ("--tag", f"plan={plan.id}", "--tag", f"municipality={plan.municipality}")
    # A live database read page by page is none: its copy is in the staging folder.
    without = [f"--exclude={escape(path)}" for path in sorted(parts(plan.sqlite))]
    where = (str(plan.staging), *plan.paths)
    what = ("backup", "--json", "--host", plan.host, *tags, *without, *where)
    try:
        return restic(plan, *what)
    except BackupError as error:
        if INCOMPLETE in str(error):
            return restic(plan, *what, "--force")
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
        copied, states = parts(plan.sqlite), file_states(plan.paths)
        settled = {path: state for path, state in states.items() if path not in copied} == before
        if settled:
            break
    summary = json.loads(printed.splitlines()[-1])
    return {
        "snapshot": summary["snapshot_id"],
        "size_bytes": summary["total_bytes_processed"],
        "added_bytes": summary["data_added"],
        "files": len(manifest["files"]),
        "rows": sum(named_rows(databases(manifest)).values()),
        "settled": settled,
    }


def run(plan: Plan, max_age: float, *, accept_loss: bool = False) -> dict[str, Any]:
    """Back a plan up unless its newest snapshot is young enough; the result is a value."""
    STATE.mkdir(mode=0o700, parents=True, exist_ok=True)
    with locked(plan):
        started, clock = time.time(), time.monotonic()
        before = read_result(STATE / f"{plan.id}.json")
        result: dict[str, Any] = {"host": plan.host, "plan": plan.id, "started": now()}
        try:
            known = {} if accept_loss else before
            target = ask_or_init(plan, known)
            if target["time"] and 0 <= started - seconds(target["time"]) <= max_age:
                young = {"ran": False, "ok": True, "error": None, "snapshot": target["id"]}
                return result | young
            if not accept_loss:
                refuse_of_another(plan, target, known)
            if accept_loss:
                (STATE / f"{plan.id}.seen.json").unlink(missing_ok=True)
            lost = None if accept_loss else lost_snapshot(plan, target)
            write_whole(STATE / f"{plan.id}.running", json.dumps(result), 0o600)
            shutil.rmtree(plan.staging, ignore_errors=True)
            plan.staging.mkdir(mode=0o700, parents=True)
            with plan.hooks.around():
                result |= {"ok": lost is None, "error": lost, **back_up(plan)}
        except (BackupError, OSError, ValueError, KeyError, IndexError) as error:
            result |= {"ok": False, "error": str(error)}
        finally:
            shutil.rmtree(plan.staging, ignore_errors=True)
        result |= {"ran": True, "duration_seconds": round(time.monotonic() - clock, 2)}
        save_run(plan, result, before, started)
    return result


@contextmanager
def locked(plan: Plan, *, wait: bool = True) -> Iterator[None]:
    """Hold the plan's lock; BlockingIOError when a run holds it and one is not to `wait`."""
    with (STATE / f"{plan.id}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        yield


def save_run(plan: Plan, result: dict[str, Any], before: dict[str, Any], started: float) -> None:
    """Save a run's result with what is known of the last good one; it is not running any more."""
    made = result.get("snapshot")
    result["last_success"] = started if made else before.get("last_success")
    result["last_snapshot"] = made if result["ok"] else kept_snapshot(before)
    write_whole(STATE / f"{plan.id}.json", json.dumps(result, indent=1) + "\n", 0o600)
    (STATE / f"{plan.id}.running").unlink(missing_ok=True)


def settle(plan: Plan) -> bool:
    """Clear up after a run that was killed or died with the host, and save that it failed."""
    path = STATE / f"{plan.id}.running"
    if not path.exists():
        return False
    try:
        with locked(plan, wait=False):
            if not path.exists():
                return False  # it has ended meanwhile, well
            began = read_result(path)
            shutil.rmtree(plan.staging, ignore_errors=True)
            error = "the run was cut off: it was stopped or killed, or the host went down"
            if said := plan.hooks.end(ok=False):
                error += f"; and then: {said}"
            result = {"host": plan.host, "plan": plan.id, "started": began.get("started")}
            result |= {"ok": False, "error": error, "ran": True}
            save_run(plan, result, read_result(STATE / f"{plan.id}.json"), 0.0)
    except BlockingIOError:
        return False
    return True


def ask_or_init(plan: Plan, before: dict[str, Any]) -> dict[str, Any]:
    """Return what the target holds; make the repository first where there has never been one."""
    try:
        return newest(plan)
    except BackupError as error:
        if NO_REPOSITORY not in str(error):
            raise
    if before.get("last_success"):
        when = datetime.fromtimestamp(before["last_success"], UTC).isoformat(timespec="minutes")
        raise BackupError(
            f"{plan.target} has no repository of the plan {plan.id} any more, where a run had "
            f"succeeded at {when}: find out who removed it before anything else; to begin a new "
            f"one: bastide-backup run {plan.id} --accept-loss"
        )
    restic(plan, "init", timeout=ASK_TIMEOUT_SECONDS)
    (STATE / f"{plan.id}.begun").touch(mode=0o600)
    return {"id": None, "time": None, "snapshots": 0, "ids": [], "made": {}, "doubted": []}


def refuse_of_another(plan: Plan, target: dict[str, Any], before: dict[str, Any]) -> None:
    """Raise BackupError when the copies are those of the machine that this one has replaced."""
    begun = before.get("last_success") or (STATE / f"{plan.id}.begun").exists()
    if target["time"] and not begun:
        raise BackupError(
            f"this host has never run the plan {plan.id}, but {plan.target} has its copies up to "
            f"{target['time']}: restore them first (runbook restore-a-backup); if what is here now "
            f"is to be kept instead: bastide-backup run {plan.id} --accept-loss"
        )


def lost_snapshot(plan: Plan, target: dict[str, Any]) -> str | None:
    """Return what to say when the snapshot of the last good run is gone; None when it is there."""
    last = last_snapshot(plan)
    if last is None or any(one.startswith(last) for one in target["ids"]):
        return None
    return (
        f"{plan.target} no longer holds the snapshot {last} of the last good run; a new one was "
        f"made. Find out who removed it; then: bastide-backup run {plan.id} --accept-loss"
    )


def status(plan: Plan) -> dict[str, Any]:
    """Return the newest snapshot that counts at the target, or why it cannot be told."""
    found: dict[str, Any] | None = None
    try:
        found, error = newest(plan), None
    except BackupError as refused:
        error = str(refused)
    return {
        "plan": plan.id,
        "target": plan.target,
        "target_address": plan.target_address,
        "snapshot": found if found and found["id"] else None,
        "doubted": found["doubted"] if found else [],
        "error": error,
        "last_run": read_result(STATE / f"{plan.id}.json"),
        "check": read_result(STATE / f"{plan.id}.check.json"),
        "copies": [copy_status(copy) for copy in plan.copies],
    }


def copy_status(copy: Plan) -> dict[str, Any]:
    """Return the newest snapshot that counts of a copy that another target has pulled."""
    try:
        found = newest(copy)
    except BackupError as error:
        return {"target": copy.target, "snapshot": None, "error": str(error)}
    return {"target": copy.target, "snapshot": found if found["id"] else None, "error": None}


def answering(plan: Plan, wanted: str | None, until: float | None) -> tuple[Plan, dict[str, Any]]:
    """Return the plan at the first target that answers with a copy, or at the one that is `wanted`.

    `until`: with one made until then. BackupError says why none does, or which targets there are.
    """
    places = [place for place in (plan, *plan.copies) if wanted in (None, place.target)]
    if not places:
        have = ", ".join(place.target for place in (plan, *plan.copies))
        raise WrongAskError(f"{wanted} keeps no copy of {plan.id}; these do: {have}")
    why = []
    for place in places:
        try:
            found = newest(place, until)
        except BackupError as error:
            why.append(f"{place.target}: {error}")
            continue
        if found["id"] or (place is places[-1] and not why):
            say(f"from {place.target}{', since ' + '; '.join(why) if why else ''}")
            return place, found
        why.append(f"{place.target} holds no snapshot that counts")
    raise BackupError("; ".join(why))


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
    if options.accept_loss and len(options.plans) != 1:
        raise BackupError("--accept-loss is for one plan, named")
    try:
        settled = [plan for plan in picked if settle(plan)]
        results = [run(plan, options.max_age, accept_loss=options.accept_loss) for plan in picked]
        for plan, result in zip(picked, results, strict=True):
            if result["ok"]:
                check_after(plan, result)
    finally:
        save_metrics()
    if settled or any(result["ran"] for result in results) or not (STATE / STATUS).exists():
        write_whole(STATE / STATUS, status_document() + "\n", 0o600)
    print(json.dumps(results, indent=1))
    return 0 if all(result["ok"] for result in results) else 1


def check_after(plan: Plan, result: dict[str, Any]) -> None:
    """Check the repository when that is due; a run into a damaged one is not well."""
    check = check_when_due(STATE / f"{plan.id}.check.json", partial(restic, plan))
    if not check["ok"]:
        result |= {"ok": False, "error": f"the repository is damaged: {check['error']}"}


def save_metrics() -> None:
    """Write the metrics of each plan's newest run."""
    write_metrics(METRICS, {plan.id: read_result(STATE / f"{plan.id}.json") for plan in plans()})


def command_restore(options: argparse.Namespace) -> int:
    """Bring a plan's data back, checked against its manifest; safe to repeat."""
    (plan,) = chosen([options.plan])
    if options.over not in (None, plan.id):
        raise WrongAskError(
            f"--over {options.over}: to put it over what is there: --over {plan.id}"
        )
    STATE.mkdir(mode=0o700, parents=True, exist_ok=True)
    with told_when_waiting(plan):
        place, target = answering(plan, options.source, options.at)
        snapshot = snapshot_of(plan, target, options)
        paths = tuple(dict.fromkeys(os.path.normpath(path) for path in options.path))
        folder = options.beside or folder_of(BESIDE, plan.id, snapshot, paths)
        restore = Restore(plan, snapshot, partial(restic, place), folder, paths)
        look(restore)
        result = outlook(restore, place, target)
        if not options.look:
            result |= bring(restore, over=bool(options.over))
    print(json.dumps(result, indent=1))
    return 0


@contextmanager
def told_when_waiting(plan: Plan) -> Iterator[None]:
    """Hold the plan's lock, and say so first where another holds it."""
    try:
        with locked(plan, wait=False):
            pass
    except BlockingIOError:
        say(f"a run or a restore of the plan {plan.id} goes on; this waits for its end")
    with locked(plan):
        yield


def snapshot_of(plan: Plan, target: dict[str, Any], options: argparse.Namespace) -> str:
    """Return the id of the snapshot that is asked for; WrongAskError says which there are."""
    wanted = options.snapshot or target["id"]
    ids = [one for one in target["ids"] if wanted and one.startswith(wanted)]
    if len(ids) == 1:
        return str(ids[0])
    asked = f"    do: see them: bastide-backup restic {plan.id} --no-lock snapshots"
    made = sorted(target["made"].values(), key=seconds)
    found = f"{len(made)} of {made[0][:19]} to {made[-1][:19]}" if made else "none"
    when = datetime.fromtimestamp(options.at).astimezone() if options.at else None
    until = f" made until {when.isoformat(sep=' ', timespec='minutes')}" if when else ""
    named = f"no snapshot {options.snapshot}" if options.snapshot else "no snapshot that counts"
    doubted = "".join(f"; {one['id'][:8]} {one['why']}" for one in target["doubted"])
    raise WrongAskError(
        f"{named} of {plan.id}{until}\n    expected: one of those that are there, found: "
        f"{found}{doubted}\n{asked}"
    )


def outlook(restore: Restore, place: Plan, target: dict[str, Any]) -> dict[str, Any]:
    """Return what a restore will bring, where, and what room there is."""
    return {
        "plan": restore.plan.id,
        "target": place.target,
        "snapshot": restore.snapshot,
        "time": target["made"][restore.snapshot],
        "doubted": target["doubted"],
        "paths": list(restore.paths),
        **counted(restore),
        "lacking_octets": lacking(restore),
        "database": restore.database["name"] if restore.database else None,
        "databases": [{"name": dump["name"]} for dump in restore.dumps],
        "beside": str(restore.folder),
        "free_octets": free_at(restore.folder),
    }


def bring(restore: Restore, *, over: bool) -> dict[str, Any]:
    """Fetch, verify and load; put it over what is there only if that is said."""
    plan = restore.plan
    fetch(restore)
    if over:
        put = put_over(restore)
        if not restore.paths:
            # What is here is what was backed up: the next run goes on from it.
            (STATE / f"{plan.id}.begun").touch(mode=0o600)
        return put
    loaded = bring_beside(restore)
    say(f"nothing was replaced; to do that, the same again with --over {plan.id}")
    return loaded


def command_settle(options: argparse.Namespace) -> int:
    """Clear up after runs of the chosen plans that were cut off."""
    settled = [settle(plan) for plan in chosen(options.plans)]
    if any(settled):
        save_metrics()
    return 0


def command_approve(options: argparse.Namespace) -> int:
    """Try a password on the plan's repository; exit 1 unless it may replace the one here."""
    (plan,) = chosen([options.plan])
    if not (CONFIG / plan.id / "password").exists():
        return 0  # nothing is replaced; a repository that it does not open refuses the next run
    try:
        restic(plan, "cat", "config", "--no-lock", password=options.file, timeout=30)
    except BackupError as error:
        never = not read_result(STATE / f"{plan.id}.json").get("last_success")
        if NO_REPOSITORY in str(error) and never:
            return 0
        raise BackupError(
            f"the new password does not open the repository of {plan.id}, the one here stays: "
            f"{error} (runbook lost-repository-password)"
        ) from None
    return 0


def status_document() -> str:
    """Ask the targets for every plan at once and return one JSON document."""
    with ThreadPoolExecutor() as pool:
        found = list(pool.map(status, known := plans()))
    host = known[0].host if known else ""
    return json.dumps({"host": host, "at": now(), "plans": found}, indent=1)


def command_status(options: argparse.Namespace) -> int:
    """Print what the targets hold of every plan, and keep it when that is wished."""
    if options.keep:
        command_settle(argparse.Namespace(plans=[]))
    document = status_document()
    if options.keep:
        write_whole(STATE / STATUS, document + "\n", 0o600)
    print(document)
    return 0


def command_restic(options: argparse.Namespace) -> int:
    """Become restic."""
    command = [*restic_command(chosen([options.plan])[0]), *options.arguments]
    os.execvp(command[0], command)  # noqa: S606


def command_line() -> argparse.ArgumentParser:
    """Return what the program's arguments may be."""
    parser = argparse.ArgumentParser(prog="bastide-backup", description="Back up this host.")
    commands = parser.add_subparsers(required=True)

    def command(name: str, action: Callable[[argparse.Namespace], int]) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=(action.__doc__ or "").splitlines()[0])
        added.set_defaults(action=action)
        return added

    running = command("run", command_run)
    running.add_argument("plans", nargs="*")
    running.add_argument("--max-age", type=float, default=-1.0, metavar="SECONDS")
    running.add_argument("--accept-loss", action="store_true", help="what is gone is known")
    asking = command("status", command_status)
    asking.add_argument("--keep", action="store_true", help="keep it for audits too")
    restoring = command("restore", command_restore)
    restoring.add_argument("plan")
    restoring.add_argument("--snapshot", metavar="ID", help="default: the newest that counts")
    restoring.add_argument("--from", dest="source", metavar="TARGET", help="this copy and no other")
    restoring.add_argument("--at", type=seconds, metavar="TIME", help="the newest until then")
    restoring.add_argument(
        "--path", action="append", default=[], help="this alone; may be repeated"
    )
    restoring.add_argument("--beside", type=Path, metavar="FOLDER", help=f"default: in {BESIDE}")
    restoring.add_argument("--over", metavar="PLAN", help="the plan's name again: replace")
    restoring.add_argument("--look", action="store_true", help="only say what would be done")
    command("settle", command_settle).add_argument("plans", nargs="*")
    approving = command("approve", command_approve)
    approving.add_argument("plan")
    approving.add_argument("file", type=Path)
    by_hand = command("restic", command_restic)
    by_hand.add_argument("plan")
    by_hand.add_argument("arguments", nargs=argparse.REMAINDER)
    return parser


def main() -> int:
    """Read the command line; 2 for wrong use, 1 when something failed."""
    options = command_line().parse_args()
    # Turned into an exception, so that no dump stays behind; `settle` says that it was cut off.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        return int(options.action(options))
    except (BackupError, OSError) as error:  # a full disk, which keeps no result either
        print(f"bastide-backup: {error}", file=sys.stderr)
        return 2 if isinstance(error, WrongAskError) else 1


if __name__ == "__main__":
    sys.exit(main())
