"""Bring a plan's data back over what is there, which is kept under other names that say when.

Safe to repeat, and to go on with after it was interrupted: files that are already as in the
snapshot are left alone. Of some paths alone, databases are left as they are.
"""

import os
import shutil
import stat
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from bastide_databases import bring
from bastide_fetch import SHOWN, Restore, free_at, say
from bastide_manifest import AS_POSTGRES, PSQL, BackupError, asking, count_rows, sha256
from bastide_parts import size
from bastide_sqlite import parts

# The longest name that PostgreSQL gives a database.
LONGEST_NAME = 63
END_SESSIONS = """SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
 WHERE datname = '{0}' AND pid <> pg_backend_pid();"""
OWNER = """SELECT coalesce((SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = '{0}'),
 (SELECT rolname FROM pg_roles WHERE rolname = '{0}'), 'postgres');"""
EXISTS = "SELECT count(*) FROM pg_database WHERE datname = '{0}';"


def put_over(restore: Restore) -> dict[str, Any]:
    """Put files and database in place of what is there, which is kept under other names."""
    kept = restore.folder.with_name(f"{restore.plan.id}-before-{restore.stamp}")
    differ = [(source, path) for source, path in _entries(restore) if not _is_same(source, path)]
    _refuse_too_much(differ)
    brought = _bring(restore, kept)
    replaced = sum(_put(source, path, kept) for source, path in differ)
    say(f"{replaced} files put in place; what was there is kept in {kept}")
    database = load(restore, over=True) if restore.database else None
    where = {"replaced": replaced, "kept": str(kept) if kept.exists() else None}
    return {**where, **brought, **(database or {})}


def bring_beside(restore: Restore) -> dict[str, Any]:
    """Bring each database back under another name or place; return where they are."""
    database = load(restore, over=False) if restore.database else {}
    return {**_bring(restore, None), **database}


def _bring(restore: Restore, kept: Path | None) -> dict[str, Any]:
    """Bring the databases of MariaDB and SQLite back, over the live ones where those are `kept`."""
    brought = []
    for dump in restore.dumps:
        say(f"bringing back the {dump['kind']} database {dump['name']}")
        brought.append(bring(restore, dump, _put_unless_same, kept))
        say(f"{sum(table['rows'] for table in dump['tables'])} rows are as they were backed up")
    return {"databases": brought} if brought else {}


def _put_unless_same(source: Path, path: Path, kept: Path) -> bool:
    return not _is_same(source, path) and _put(source, path, kept)


def _entries(restore: Restore) -> Iterator[tuple[Path, Path]]:
    """Yield what is in the restored tree of each of the paths, and where it belongs."""
    # What a restore beside has put there is brought back by itself, with what lies beside it.
    apart = parts(dump["name"] for dump in restore.dumps)
    for path in restore.paths or restore.plan.paths:
        top = restore.beside(path)
        below = sorted(top.rglob("*")) if top.is_dir() and not top.is_symlink() else []
        for source in (top, *below):
            place = Path("/") / source.relative_to(restore.folder)
            if str(place) not in apart:
                yield source, place


def _refuse_too_much(differ: list[tuple[Path, Path]]) -> None:
    """Raise BackupError where the disk that they belong on has no room: what is there is kept."""
    needed: dict[int, int] = {}
    place: dict[int, Path] = {}
    for source, path in differ:
        there = next(one for one in path.parents if one.is_dir())
        status = source.lstat()
        device, octets = there.stat().st_dev, stat.S_ISREG(status.st_mode) and status.st_size
        needed[device], place[device] = needed.get(device, 0) + octets, there
    for device, octets in needed.items():
        if octets > free_at(place[device]):
            raise BackupError(
                f"{place[device]}: it would not fit; nothing was replaced\n    expected: "
                f"{size(octets)} free, found: {size(free_at(place[device]))}\n"
                "    do: make room there, then the same again"
            )


def _put(source: Path, path: Path, kept: Path) -> bool:
    """Put one file, link or folder in its place; whether it was not there like that."""
    status = source.lstat()
    if stat.S_ISDIR(status.st_mode):
        made = not path.is_dir()
        if made:
            _set_aside(path, kept)
        path.mkdir(parents=True, exist_ok=True)
        shutil.copystat(source, path)
        os.chown(path, status.st_uid, status.st_gid)
        return made
    _set_aside(path, kept)
    path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, path, follow_symlinks=False)
    # The owner first: to change it takes setuid and capabilities away.
    os.chown(path, status.st_uid, status.st_gid, follow_symlinks=False)
    shutil.copystat(source, path, follow_symlinks=False)
    return True


def _set_aside(path: Path, kept: Path) -> None:
    if path.is_symlink() or path.exists():
        aside = kept / str(path).lstrip("/")
        aside.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        shutil.move(path, aside)


def _is_same(source: Path, path: Path) -> bool:
    """Whether a file or link is there as it was; folders are put again, with all they are."""
    status = source.lstat()
    if source.is_symlink():
        return path.is_symlink() and path.readlink() == source.readlink()
    if not stat.S_ISREG(status.st_mode) or path.is_symlink() or not path.is_file():
        return False
    there = path.stat()
    access = ("st_size", "st_mode", "st_uid", "st_gid")
    alike = all(getattr(there, name) == getattr(status, name) for name in access)
    return alike and sha256(path) == sha256(source)


def load(restore: Restore, *, over: bool) -> dict[str, Any]:
    """Load the dump into a new database, count its rows, and give it the old one's name if `over`.

    Beside, it is called NAME_SNAPSHOT; the one that it replaces NAME_before_TIME.
    """
    declared = restore.manifest["database"]
    counted = by_name(declared["tables"])
    name, fresh = declared["name"], f"{declared['name']}_{restore.snapshot[:8]}"[:LONGEST_NAME]
    with asking([*AS_POSTGRES, *PSQL, "-d", "postgres"]) as ask:
        owner = ask(OWNER.format(name))
        there = ask(EXISTS.format(name)) == "1"
        if over and there and _rows(name) == counted:
            say(f"the database {name} is as it was backed up already")
            return {"database": name, "database_kept": None}
        say(f"loading the dump into {fresh}")
        postgres("dropdb", "--if-exists", "--force", fresh)
        postgres("createdb", f"--owner={owner}", fresh)
        with restore.beside(declared["dump"]).open("rb") as dump:
            postgres("pg_restore", "--exit-on-error", f"--dbname={fresh}", stdin=dump)
        if _rows(fresh) != counted:
            raise BackupError(f"the database {fresh} does not have the rows of the manifest")
        rows = sum(table["rows"] for table in declared["tables"])
        say(f"{rows} rows are as they were backed up")
        if not over:
            return {"database": fresh, "database_kept": None}
        kept = f"{name[: LONGEST_NAME - 24]}_before_{restore.stamp}" if there else None
        _swap(ask, name, fresh, kept)
    return {"database": name, "database_kept": kept}


def _swap(ask: Callable[[str], str], name: str, fresh: str, kept: str | None) -> None:
    """Give the fresh database its name; both renames or none."""
    for one in (name, fresh):
        ask(END_SESSIONS.format(one))
    renames = [(fresh, name)] if kept is None else [(name, kept), (fresh, name)]
    text = "; ".join(f'ALTER DATABASE "{old}" RENAME TO "{new}"' for old, new in renames)
    answer = ask(f"BEGIN; {text}; COMMIT; SELECT 'renamed';")
    if answer != "renamed":
        raise BackupError(f"the database {name} could not be renamed; {fresh} has what it had")


def _rows(database: str) -> list[dict[str, Any]]:
    try:
        with asking([*AS_POSTGRES, *PSQL, "-d", database]) as ask:
            return by_name(count_rows(ask))
    except BackupError:
        return []  # one that cannot be counted is not as it was backed up


def by_name(tables: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return tables by name: in catalogues they stand as they were made."""
    return sorted(tables, key=lambda table: str(table["name"]))


def postgres(*command: str, stdin: Any = subprocess.DEVNULL) -> None:
    """Run a program of PostgreSQL as its account; BackupError with its last words."""
    done = subprocess.run(
        [*AS_POSTGRES, *command], stdin=stdin, capture_output=True, cwd="/", check=False
    )
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise BackupError(f"{command[0]}: {' / '.join(said[-SHOWN:])}")
