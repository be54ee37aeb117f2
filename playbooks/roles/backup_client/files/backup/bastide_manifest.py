"""What a backup holds: the hash of every file, and a dump with its rows counted.

Read at backup time, so that a drill compares with what was there then, not with live files;
the drill counts the restored rows with the same statements.
"""

import hashlib
import json
import os
import stat
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import IO, Any, cast

# How far clocks of two hosts may differ.
CLOCK_TOLERANCE_SECONDS = 300.0
# A manifest is begun before its snapshot, and a run may last for eight hours.
LONGEST_RUN_SECONDS = 86_400.0
SETTLED_NS = 2 * 10**9
STAGING = Path("/var/lib/bastide/backup/staging")
AS_POSTGRES = ("runuser", "-u", "postgres", "--")
PSQL = ("psql", "-XAtq", "-v", "ON_ERROR_STOP=1")
TABLES = """SELECT coalesce(json_agg(name ORDER BY name COLLATE "C"), '[]') FROM (
 SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables
 WHERE schemaname NOT IN ('pg_catalog', 'information_schema')) t;"""
# The sum of the rows' hashes does not depend on their order, so the drill may compare it.
ROWS = """SELECT json_build_object('name', '{1}', 'rows', count(*), 'fingerprint',
 coalesce(sum(hashtextextended(t::text, 0)::numeric), 0)::text) FROM {0} t;"""
SESSION = "SET timezone = 'UTC'; SET datestyle = 'ISO'; SET extra_float_digits = 1; "


class BackupError(Exception):
    """A backup could not be made or asked for; the text says which part and why."""


def seconds(stamp: str) -> float:
    """Return a time as restic writes it (RFC 3339) in seconds since 1970."""
    return datetime.fromisoformat(stamp).timestamp()


def sha256(path: Path) -> str:
    """Return a file's SHA-256 in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def files(paths: tuple[str, ...]) -> Iterator[tuple[str, os.stat_result]]:
    """Yield every regular file under the paths; one that vanishes meanwhile is left out."""
    for top in paths:
        status = os.lstat(top)
        if stat.S_ISREG(status.st_mode):
            yield top, status
        else:
            yield from _below(top)


def _below(folder: str) -> Iterator[tuple[str, os.stat_result]]:
    """Yield the regular files below a folder by their names; of 100,000, each step counts."""
    with suppress(FileNotFoundError, NotADirectoryError, PermissionError):
        with os.scandir(folder) as listed:
            entries = sorted(listed, key=lambda entry: entry.name)
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from _below(entry.path)
            elif entry.is_file(follow_symlinks=False):
                with suppress(FileNotFoundError):
                    yield entry.path, entry.stat(follow_symlinks=False)


def file_states(paths: tuple[str, ...]) -> dict[str, tuple[int, int]]:
    """Return size and modification time of every file, to tell whether one has changed."""
    return {path: (status.st_size, status.st_mtime_ns) for path, status in files(paths)}


def hashed(paths: tuple[str, ...], hashes: dict[str, list[Any]]) -> Iterator[dict[str, Any]]:
    """Yield a manifest entry for every file.

    `hashes` are known ones, each with what the file was then; those of today take their place. One
    is believed where restic would not read the file again either.
    """
    known, begun = dict(hashes), time.time_ns()
    hashes.clear()
    for path, status in files(paths):
        is_now = [status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino]
        found = known.get(path)
        if found and found[1:] == is_now:
            digest = found[0]
        else:
            try:
                digest = sha256(Path(path))
            except FileNotFoundError:
                continue
        # Within a tick of its clock, a file system shows no change.
        if status.st_ctime_ns < begun - SETTLED_NS:
            hashes[path] = [digest, *is_now]
        yield {
            "path": path,
            "sha256": digest,
            "size": status.st_size,
            "mtime_ns": status.st_mtime_ns,
        }


def databases(manifest: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the entries of all dumps of a manifest; older ones know of PostgreSQL only."""
    return [*([manifest["database"]] if manifest["database"] else []), *manifest.get("dumps", [])]


def named_rows(dumps: Iterable[dict[str, Any]]) -> dict[str, int]:
    """Return the rows of every table of dumps; other tables than PostgreSQL's by database."""
    return {
        f"{dump['name']}: {table['name']}" if "kind" in dump else table["name"]: table["rows"]
        for dump in dumps
        for table in dump["tables"]
    }


@contextmanager
def asking(psql: Sequence[str]) -> Iterator[Callable[[str], str]]:
    """Keep one psql open and give a function that puts a statement and returns its one line."""
    with subprocess.Popen(
        psql, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd="/"
    ) as process:
        put, taken = cast("IO[str]", process.stdin), cast("IO[str]", process.stdout)

        def ask(sql: str) -> str:
            try:
                put.write(" ".join(sql.split()) + "\n")
                put.flush()
            except BrokenPipeError:
                with suppress(BrokenPipeError):
                    put.close()  # or leaving would try to send what is left, and fail again
                raise BackupError("PostgreSQL ended the session") from None
            answer = taken.readline().strip()
            if not answer:
                raise BackupError("PostgreSQL did not answer: is it running, is there a database?")
            return answer

        yield ask


def count_rows(ask: Callable[[str], str]) -> list[dict[str, Any]]:
    """Return every table's name, number of rows and fingerprint, sorted by name."""
    names = json.loads(ask(SESSION + TABLES))
    return [json.loads(ask(ROWS.format(name, name.replace("'", "''")))) for name in names]


def dump(database: str, folder: Path) -> dict[str, Any]:
    """Dump a database and count its rows, both from one exported snapshot of it."""
    path = folder / f"{database}.pgdump"
    with asking([*AS_POSTGRES, *PSQL, "-d", database]) as ask, path.open("wb") as out:
        begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; "
        token = ask(begin + "SELECT pg_export_snapshot();")
        # Not compressed: restic does that, and finds what is the same as yesterday.
        dumping = ("pg_dump", "-Fc", "-Z0", f"--snapshot={token}", database)
        done = subprocess.run(
            [*AS_POSTGRES, *dumping], stdout=out, stderr=subprocess.PIPE, cwd="/", check=False
        )
        if done.returncode:
            raise BackupError(f"pg_dump {database}: {done.stderr.decode(errors='replace').strip()}")
        tables = count_rows(ask)
    return {
        "name": database,
        "dump": str(path),
        "sha256": sha256(path),
        "size": path.stat().st_size,
        "tables": tables,
    }
