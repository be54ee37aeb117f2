"""Which of a repository's snapshots count: those that are whole, and not from the future.

Whoever holds this host's key can add snapshots of any date and content. One counts when this
host's own run has made it, or its manifest says that it holds what the plan is to hold; the time
of the newest that counts is the age of the backup, and all newer ones are told.
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from bastide_manifest import CLOCK_TOLERANCE_SECONDS, LONGEST_RUN_SECONDS, BackupError, seconds
from bastide_metrics import write_whole
from bastide_results import read_result

# Each costs reading the repository; what is over is looked at when it is asked next.
MOST_LOOKS = 5
WHOLE = ""
NO_FILE = "not found in snapshot"

Look = Callable[[str], str]
"""Given a snapshot's id: its manifest's text; BackupError when it has none."""


def newest_counted(
    snapshots: list[dict[str, Any]], known: dict[str, str], judge: Callable[[Any], str], now: float
) -> tuple[dict[str, Any] | None, list[dict[str, str]]]:
    """Return the newest snapshot that counts, and each newer one with why it does not.

    `known` has earlier verdicts by id, empty for a whole snapshot; `judge` gives others, which
    are added to it.
    """
    doubted, looks = [], 0
    for each in sorted(snapshots, key=lambda each: seconds(each["time"]), reverse=True):
        if seconds(each["time"]) > now + CLOCK_TOLERANCE_SECONDS:
            doubted.append(_doubt(each, "is dated in the future"))
            continue
        if each["id"] not in known:
            looks += 1
            if looks > MOST_LOOKS:
                doubted.append(_doubt(each, "has not been looked at yet"))
                continue
            try:
                known[each["id"]] = judge(each)
            except BackupError as error:  # no verdict: it may be read another time
                doubted.append(_doubt(each, f"has a manifest that cannot be read: {error}"))
                continue
        if known[each["id"]] == WHOLE:
            return each, doubted
        doubted.append(_doubt(each, known[each["id"]]))
    return None, doubted


def _doubt(snapshot: dict[str, Any], why: str) -> dict[str, str]:
    return {"id": snapshot["id"], "time": snapshot["time"], "why": why}


def judged(snapshot: dict[str, Any], plan: Any, look: Look) -> str:
    """Return why a snapshot is not a whole one of the plan; empty when it is.

    BackupError when its manifest is there and cannot be read now.
    """
    try:
        text = look(snapshot["id"])
    except BackupError as error:
        if NO_FILE in str(error):
            return "has no manifest"
        raise
    try:
        return next(_problems(json.loads(text), plan, seconds(snapshot["time"])), WHOLE)
    except (ValueError, KeyError, TypeError, AttributeError):
        return "has a manifest that cannot be read"


def _problems(manifest: dict[str, Any], plan: Any, made: float) -> Iterator[str]:
    if (manifest["host"], manifest["plan"]) != (plan.host, plan.id):
        yield f"is of the plan {manifest['plan']} of {manifest['host']}"
    if not 0 <= made - seconds(manifest["started"]) <= LONGEST_RUN_SECONDS:
        yield f"has a manifest of another time, {manifest['started']}"
    database = manifest["database"]
    if plan.database and (not database or database["name"] != plan.database):
        yield f"has no dump of the database {plan.database}"
    dumped = {(each["kind"], each["name"]) for each in manifest.get("dumps", [])}
    wanted = [("sqlite", path) for path in plan.sqlite]
    wanted += [("mariadb", plan.mariadb)] if plan.mariadb else []
    for kind, name in wanted:
        if (kind, name) not in dumped:
            yield f"has no dump of the {kind} database {name}"
    if not manifest["files"] and not database and not dumped:
        yield "holds nothing"


def remember(path: Path, snapshots: list[dict[str, Any]], keep_seconds: float, now: float) -> None:
    """Add whole snapshots that are there to those ever seen, but for those that need not be kept.

    A drill holds the copies against them: one that somebody removed is otherwise missed by nobody.
    """
    if not path.parent.is_dir():
        return
    seen = {**read_result(path), **{each["id"]: each["time"] for each in snapshots}}
    kept = {one: time for one, time in seen.items() if seconds(time) > now - keep_seconds}
    if kept != read_result(path):
        write_whole(path, json.dumps(kept, indent=1) + "\n", 0o600)


def read_verdicts(path: Path, own: str | None, snapshots: list[dict[str, Any]]) -> dict[str, str]:
    """Return the saved verdicts of the snapshots that are there; `own`, a run's, is whole."""
    saved = read_result(path)
    ids = [each["id"] for each in snapshots]
    verdicts = {one: str(saved[one]) for one in ids if one in saved}
    return verdicts | {one: WHOLE for one in ids if own and one.startswith(own)}


def save_verdicts(path: Path, verdicts: dict[str, str]) -> None:
    """Save verdicts, so that each snapshot is looked at once; nothing where there is no state."""
    if path.parent.is_dir() and verdicts != read_result(path):
        write_whole(path, json.dumps(verdicts, indent=1) + "\n", 0o600)
