"""Databases of SQLite: copied by its backup API while they are written to, and proved to be whole.

A copy has the owner, mode and times of the file that it is of, and is taken in one piece: a writer
in WAL mode goes on meanwhile, one with a rollback journal waits for as long as the copying takes.
"""

import os
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

from bastide_manifest import BackupError, sha256

# How long a writer that has locked the database is waited for.
PATIENCE_SECONDS = 60.0
# What SQLite keeps beside a database; only with them does the file itself mean anything.
BESIDES = ("-wal", "-shm", "-journal")
SHOWN = 3
TABLES = """SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%'
 ESCAPE '\\' AND sql NOT LIKE 'CREATE VIRTUAL%' ORDER BY name"""


def parts(paths: Iterable[str]) -> frozenset[str]:
    """Return the files of databases: each itself, and what SQLite keeps beside it."""
    return frozenset(path + end for path in paths for end in ("", *BESIDES))


def copy(path: str, folder: Path) -> dict[str, Any]:
    """Copy a database below a folder; BackupError when it is locked, damaged or none."""
    if not Path(path).is_file():
        raise BackupError(f"SQLite {path}: not there")
    out = folder / "sqlite" / os.path.normpath(path).lstrip("/")
    out.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        with closing(_opened(Path(path), "ro")) as live, closing(sqlite3.connect(out)) as made:
            live.backup(made, progress=_patient(path), sleep=0.1)
        tables = proved(out)
    except sqlite3.Error as error:
        raise BackupError(f"SQLite {path}: {error}") from None
    shutil.copystat(path, out)
    status = Path(path).stat()
    os.chown(out, status.st_uid, status.st_gid)
    about = {"kind": "sqlite", "name": path, "dump": str(out)}
    return {**about, "sha256": sha256(out), "size": out.stat().st_size, "tables": tables}


def _patient(path: str) -> Callable[[int, int, int], None]:
    """Return what gives up when nothing could be copied for too long."""
    began = time.monotonic()

    def look(_status: int, _remaining: int, total: int) -> None:
        if not total and time.monotonic() - began > PATIENCE_SECONDS:
            raise BackupError(f"SQLite {path}: locked by a writer for {PATIENCE_SECONDS:.0f} s")

    return look


def proved(path: Path) -> list[dict[str, Any]]:
    """Return each table of a copy with its rows; BackupError where SQLite finds damage.

    Of virtual tables, those are counted that hold their data.
    """
    try:
        # Nobody else opens a copy: nothing is to be written beside it.
        with closing(_opened(path, "ro&immutable=1")) as database:
            found = [str(row[0]) for row in database.execute("PRAGMA integrity_check")]
            if found != ["ok"]:
                raise BackupError(f"SQLite {path} is damaged: {' / '.join(found[:SHOWN])}")
            names = [row[0] for row in database.execute(TABLES)]
            return [{"name": name, "rows": _rows(database, name)} for name in names]
    except sqlite3.Error as error:
        raise BackupError(f"SQLite {path}: {error}") from None


def _rows(database: sqlite3.Connection, table: str) -> int:
    quoted = table.replace('"', '""')
    (count,) = database.execute(f'SELECT count(*) FROM "{quoted}"').fetchone()  # noqa: S608
    return int(count)


def _opened(path: Path, mode: str) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{quote(str(path))}?mode={mode}", uri=True)


def users(path: Path) -> list[str]:
    """Return the processes that have a database open, as `number (name)`."""
    names = parts([str(path.resolve())])
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if any(str(each.readlink()) in names for each in (process / "fd").iterdir()):
                found.append(f"{process.name} ({(process / 'comm').read_text().strip()})")
        except OSError:
            continue  # it has ended meanwhile
    return found
