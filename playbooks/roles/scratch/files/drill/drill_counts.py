"""What a restore counted, held against itself and against the last good drill's counts.

A manifest is only as good as whoever wrote it: one that says that every file has changed, that
lists none, or one of them many times, agrees with any tree. So nearly all files must be in it once
and have their hashes, something must be in them, and what has become less since the last drill is
a failure until somebody says that it is meant.
"""

import os
from datetime import datetime
from pathlib import Path

from bastide_manifest import databases
from drill_result import Drill, DrillError

SHARE_THAT_MAY_GO = 0.1
FEW = 10
SHOWN = 5


def has_shrunk(before: int, now: int) -> bool:
    """Whether a count is clearly less: a tenth and more than ten, or all of it."""
    gone = before - now
    return gone > 0 and (now == 0 or (gone > FEW and gone > before * SHARE_THAT_MAY_GO))


def refuse_empty(drill: Drill) -> None:
    """Raise DrillError for a manifest that holds nothing, or the same more than once."""
    paths = [entry["path"] for entry in drill.manifest["files"]]
    if not paths and not databases(drill.manifest):
        raise DrillError("the snapshot holds no file and no database")
    if len(paths) != len({*paths}):
        raise DrillError(f"the manifest names {len(paths)} files, {len({*paths})} are different")


def refuse_unproved(drill: Drill, restored: Path, own: Path) -> None:
    """Raise DrillError where what was compared is not nearly all that was restored, or is empty."""
    named = drill.files_verified + drill.files_moved
    if drill.octets == 0:
        raise DrillError("all files are empty")
    if has_shrunk(found := count_files(restored, own), named):
        raise DrillError(f"the snapshot has {found} files, its manifest names {named}")
    if drill.files_moved > drill.files_verified or has_shrunk(named, drill.files_verified):
        raise DrillError(
            f"{drill.files_verified} files have the manifest's hashes, {drill.files_moved} are "
            "said to have changed while they were backed up: expected most to be verified"
        )


def refuse_no_rows(drill: Drill) -> None:
    """Raise DrillError for a database in which nothing is."""
    if not any(drill.rows.values()):
        raise DrillError(f"{len(drill.rows)} tables, and no row in any")


def count_files(folder: Path, own: Path) -> int:
    """Return how many regular files are below a folder, without the backup's own below `own`."""
    return sum(
        not path.is_symlink() and path.is_file()
        for top, _, names in os.walk(folder)
        for path in (Path(top) / name for name in names)
        if not path.is_relative_to(own)
    )


def compare_snapshots(drill: Drill, found: list[str]) -> None:
    """Hold the snapshots that are there against those that were, and are to be kept still."""
    known: dict[str, str] = drill.request.earlier.get("snapshots", {})
    kept = drill.started - float(drill.request.earlier.get("keep_seconds", 0))
    gone = [
        one[:8]
        for one, time in known.items()
        if one not in found and datetime.fromisoformat(time).timestamp() > kept
    ]
    if gone:
        more = f" and {len(gone) - SHOWN} more" if len(gone) > SHOWN else ""
        raise DrillError(
            f"{len(gone)} snapshots that are to be kept are gone, {', '.join(gone[:SHOWN])}{more}: "
            f"find out who removed them; if that is meant, on {drill.request.host}: "
            f"bastide-backup run {drill.request.plan} --accept-loss"
        )


def compare_files(drill: Drill) -> None:
    """Hold the number of files, and of octets, against those of the last good drill."""
    now = {"files": drill.files_verified + drill.files_moved, "octets": drill.octets}
    for what, count in now.items():
        before = int(drill.request.earlier.get(what) or 0)
        if has_shrunk(before, count):
            raise DrillError(f"{count} {what}, the last drill had {before}; {_meant()}")


def compare_rows(drill: Drill) -> None:
    """Hold the rows of every table against those of the last good drill."""
    earlier: dict[str, int] = drill.request.earlier.get("rows", {})
    fewer = [
        f"{table} has {drill.rows[table]} rows, not {before}"
        for table, before in earlier.items()
        if table in drill.rows and has_shrunk(before, drill.rows[table])
    ]
    fewer += [f"{table} is gone" for table in earlier if table not in drill.rows]
    if fewer:
        more = f" and {len(fewer) - SHOWN} more" if len(fewer) > SHOWN else ""
        raise DrillError(f"{'; '.join(fewer[:SHOWN])}{more}; {_meant()}")


def _meant() -> str:
    return "if that is meant: bastide backup drill --accept-fewer"
