"""Bring databases of MariaDB and SQLite back: beside first; what is replaced is kept."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bastide_manifest import BackupError
from bastide_mariadb import Server
from bastide_sqlite import BESIDES, proved, users

# The longest name that MariaDB gives a database.
LONGEST_NAME = 64
Put = Callable[[Path, Path, Path], bool]
"""Given a file, its place, and the folder for what is there: puts it there, unless it is."""


def bring(restore: Any, dump: dict[str, Any], put: Put, kept: Path | None) -> dict[str, str | None]:
    """Bring one database back, over the live one if what that is can be `kept`; say where it is."""
    if dump["kind"] == "mariadb":
        return _mariadb(restore, dump, kept)
    return _sqlite(restore, dump, put, kept)


def _sqlite(
    restore: Any, dump: dict[str, Any], put: Put, kept: Path | None
) -> dict[str, str | None]:
    source, live = restore.beside(dump["dump"]), Path(dump["name"])
    if proved(source) != dump["tables"]:
        raise BackupError(f"the copy of {live} does not have the rows of the manifest")
    if kept is None:
        beside = restore.beside(dump["name"])
        put(source, beside, restore.folder / "before")
        return {"name": str(beside), "kept": None}
    besides = [path for end in BESIDES if (path := live.with_name(live.name + end)).exists()]
    if live.exists() and (using := users(live)):
        raise BackupError(f"{live} is in use, stop first: {', '.join(using)}")
    aside = kept / str(live).lstrip("/")
    for path in besides:  # without their database they mean nothing, with another they destroy it
        aside.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        shutil.move(path, aside.with_name(path.name))
    there = live.exists()
    replaced = put(source, live, kept)
    return {"name": str(live), "kept": str(aside) if there and replaced else None}


def _mariadb(restore: Any, dump: dict[str, Any], kept: Path | None) -> dict[str, str | None]:
    server, name, path = Server(), str(dump["name"]), restore.beside(dump["dump"])
    there = server.exists(name)
    if kept is not None and there and server.rows(name) == dump["tables"]:
        return {"name": name, "kept": None}
    fresh = f"{name[: LONGEST_NAME - 9]}_{restore.snapshot[:8]}"
    server.load(fresh, dump, path)
    if kept is None:
        return {"name": fresh, "kept": None}
    aside = None
    if there:  # MariaDB renames no databases
        kept.mkdir(mode=0o700, parents=True, exist_ok=True)
        aside = str(server.dump(name, kept)["dump"])
        Path(aside).chmod(0o600)
    server.load(name, dump, path)
    server.ask(f"DROP DATABASE `{fresh}`")
    return {"name": name, "kept": aside}
