"""What a restore counted, held against itself and against the last good drill's counts.

A manifest is only as good as whoever wrote it: one that says that every file has changed, or that
lists none, agrees with any tree. So most files must have their hashes, and what has become less
since the last drill is a failure until somebody says that it is meant.
"""

from drill_result import Drill, DrillError

SHARE_THAT_MAY_GO = 0.1
FEW = 10
SHOWN = 5


def has_shrunk(before: int, now: int) -> bool:
    """Whether a count is clearly less: a tenth and more than ten, or all of it."""
    gone = before - now
    return gone > 0 and (now == 0 or (gone > FEW and gone > before * SHARE_THAT_MAY_GO))


def refuse_empty(drill: Drill) -> None:
    """Raise DrillError for a manifest that holds nothing."""
    if not drill.manifest["files"] and not drill.manifest["database"]:
        raise DrillError("the snapshot holds no file and no database")


def refuse_unproved(drill: Drill) -> None:
    """Raise DrillError when fewer files were verified than moved on while they were read."""
    if drill.files_moved > drill.files_verified:
        raise DrillError(
            f"{drill.files_verified} files have the manifest's hashes, {drill.files_moved} are "
            "said to have changed while they were backed up: expected most to be verified"
        )


def compare_files(drill: Drill) -> None:
    """Hold the number of files against that of the last good drill."""
    before = int(drill.request.earlier.get("files", 0))
    now = drill.files_verified + drill.files_moved
    if has_shrunk(before, now):
        raise DrillError(f"{now} files, the last drill had {before}; {_meant()}")


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
