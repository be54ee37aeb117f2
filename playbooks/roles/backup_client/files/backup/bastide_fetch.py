"""Fetch a snapshot, or some of its paths, beside what is there, and hold it against its manifest.

Safe to repeat: what is whole is not fetched again, one that was cut off goes on at the next part.
"""

import hashlib
import json
import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bastide_manifest import BackupError, databases, named_rows, sha256
from bastide_parts import (
    WHOLE,
    Sizes,
    Ticks,
    contents,
    is_below,
    octets_of,
    parts,
    patterns,
    size,
    size_of,
    written,
)

SHOWN = 5


class WrongAskError(BackupError):
    """What was asked for cannot be done; nothing was touched."""


@dataclass(slots=True)
class Restore:
    """A restore under way: whose, of which snapshot, and where it is put beside.

    `paths`: these files and folders alone, none for all.
    """

    plan: Any
    snapshot: str
    restic: Callable[..., str]
    folder: Path
    paths: tuple[str, ...] = ()
    stamp: str = field(default_factory=lambda: time.strftime("%Y%m%dt%H%M%S", time.gmtime()))
    manifest: dict[str, Any] = field(default_factory=dict)
    sizes: Sizes = field(default_factory=dict)

    def beside(self, path: str | Path) -> Path:
        """Return where a path of the host is in the restored tree."""
        if ".." in Path(path).parts:
            raise BackupError(f"the manifest names a path outside the snapshot: {path}")
        return self.folder / str(path).lstrip("/")

    @property
    def listed(self) -> Path:
        """Where the host had the manifest when the snapshot was made."""
        return Path(self.plan.staging / "manifest.json")

    @property
    def tops(self) -> tuple[str, ...]:
        """What is fetched, each with all that is in it."""
        return (str(self.listed), *self.paths) if self.paths else WHOLE

    @property
    def wanted(self) -> list[dict[str, Any]]:
        """The manifest's files that are restored."""
        listed: list[dict[str, Any]] = self.manifest["files"]
        return [e for e in listed if not self.paths or is_below(e["path"], self.paths)]

    @property
    def database(self) -> dict[str, Any] | None:
        """The manifest's database, where it is restored."""
        return None if self.paths else self.manifest["database"]

    @property
    def dumps(self) -> list[dict[str, Any]]:
        """The manifest's databases of MariaDB and SQLite, where they are restored."""
        return [] if self.paths else self.manifest.get("dumps", [])

    @property
    def databases(self) -> list[dict[str, Any]]:
        """All databases of the manifest that are restored."""
        return [] if self.paths else databases(self.manifest)


def folder_of(beside: Path, plan: str, snapshot: str, paths: tuple[str, ...]) -> Path:
    """Return where a restore lies unless it is said: the same one for the same again."""
    some = hashlib.sha256("\0".join(paths).encode()).hexdigest()[:6]
    return beside / f"{plan}-{snapshot[:8]}{f'-{some}' if paths else ''}"


def say(text: str) -> None:
    """Tell a step; standard output is for the result."""
    print(text, file=sys.stderr, flush=True)


def look(restore: Restore) -> None:
    """Read what the snapshot holds; WrongAskError when it lacks a path, or would not fit."""
    restore.sizes = contents(restore.restic, restore.snapshot)
    missing = [path for path in restore.paths if path not in restore.sizes]
    if missing:
        raise WrongAskError(
            f"not in snapshot {restore.snapshot[:8]}: {', '.join(missing)}\n"
            f"    expected: a path in {', '.join(restore.plan.paths) or 'the plan'}\n"
            f"    do: bastide-backup restic {restore.plan.id} --no-lock ls {restore.snapshot[:8]}"
        )
    if str(restore.listed) not in restore.sizes:
        raise BackupError(f"snapshot {restore.snapshot[:8]} has no manifest: no run has made it")
    listed = restore.restic("dump", "--no-lock", restore.snapshot, str(restore.listed))
    restore.manifest = json.loads(listed)
    _refuse_of_another(restore)
    needed, free = lacking(restore), free_at(restore.folder)
    if needed > free:
        raise WrongAskError(
            f"{restore.folder}: it would not fit\n    expected: {size(needed)} free, found: "
            f"{size(free)}\n    do: restore to a larger disk (--beside FOLDER), or less (--path)"
        )


def _refuse_of_another(restore: Restore) -> None:
    """Raise WrongAskError where the folder lies in what is backed up, or has something else."""
    folder = restore.folder.resolve()
    if is_below(str(folder), [str(Path(path).resolve()) for path in restore.plan.paths]):
        raise WrongAskError(
            f"{folder}: lies in what the plan {restore.plan.id} backs up\n"
            "    expected: a folder of its own, such as one in /var/restore"
        )
    if restore.folder.is_symlink() or (restore.folder.exists() and not restore.folder.is_dir()):
        raise WrongAskError(f"{restore.folder}: is no folder\n    expected: one, or nothing there")
    if _foreign(restore):
        raise WrongAskError(
            f"{restore.folder}: is not empty\n    expected: an empty folder, or the one that this "
            "restore was begun in"
        )


def _foreign(restore: Restore) -> bool:
    """Whether a folder that a person named holds anything but this very restore, begun."""
    if restore.folder == folder_of(
        restore.folder.parent, restore.plan.id, restore.snapshot, restore.paths
    ):
        return False
    there = restore.folder.is_dir() and any(restore.folder.iterdir())
    return there and _noted(restore)[0] != _whose(restore)


def _whose(restore: Restore) -> str:
    return json.dumps([restore.plan.id, restore.snapshot, *restore.paths])


def _noted(restore: Restore) -> list[str]:
    """Return whose the folder is and which parts it has, as it was noted there."""
    try:
        return (restore.folder / ".parts").read_text(encoding="utf-8").splitlines() or [""]
    except OSError:
        return [""]


def lacking(restore: Restore) -> int:
    """Return how many octets are still to be fetched."""
    if (restore.folder / ".whole").exists():
        return 0
    return size_of(restore.sizes, restore.tops) - sum(map(octets_of, _noted(restore)[1:]))


def free_at(folder: Path) -> int:
    """Return how many octets are free where a folder is, or will be."""
    there = next(path for path in (folder, *folder.parents) if path.exists())
    return shutil.disk_usage(there).free


def fetch(restore: Restore) -> None:
    """Restore the snapshot beside what is there, unless that was done whole before."""
    whole = restore.folder / ".whole"
    if whole.exists():
        say(f"{restore.folder} is there already")
    else:
        _fetch_parts(restore)
    verify(restore)
    whole.touch(mode=0o600)


def _fetch_parts(restore: Restore) -> None:
    """Fetch part after part, and note each that is whole; those that are noted are there."""
    restore.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    noted = _noted(restore)
    there = noted[1:] if noted[0] == _whose(restore) else []
    all_of_it, left = size_of(restore.sizes, restore.tops), lacking(restore)
    goes_on = f", {size(all_of_it - left)} of it are there" if there else ""
    say(f"fetching {restore.snapshot[:8]} into {restore.folder}: {size(all_of_it)}{goes_on}")
    with (restore.folder / ".parts").open("a" if there else "w", encoding="utf-8") as notes:
        if not there:
            print(_whose(restore), file=notes, flush=True)
        ticks = Ticks("fetched", all_of_it, say, done=all_of_it - left)
        for part in parts(restore.sizes, restore.tops):
            if part.line() in there:
                continue
            asked = ("restore", "--no-lock", restore.snapshot, "--target", str(restore.folder))
            watch = lambda process: ticks.at(written(process))  # noqa: E731
            restore.restic(*asked, *patterns(part.paths), watch=watch)
            print(part.line(), file=notes, flush=True)
            ticks.add(part.octets)


def counted(restore: Restore) -> dict[str, Any]:
    """Return what is restored: when it was read, its files, octets and rows."""
    dumped = sum(dump["size"] for dump in restore.databases)
    return {
        "data_from": restore.manifest["started"],
        "files": len(restore.wanted),
        "octets": sum(entry["size"] for entry in restore.wanted) + dumped,
        "rows": named_rows(restore.databases),
    }


def verify(restore: Restore) -> None:
    """Hold the restored files against the manifest; BackupError names those that differ.

    One that was changed while it was backed up has another time than the manifest says.
    """
    bad, wanted = [], restore.wanted
    ticks = Ticks("verified", sum(entry["size"] for entry in wanted), say)
    for entry in wanted:
        path = restore.beside(entry["path"])
        if not path.is_file():
            bad.append(f"{entry['path']} is missing")
        elif path.stat().st_mtime_ns == entry["mtime_ns"] and sha256(path) != entry["sha256"]:
            bad.append(f"{entry['path']} has another content")
        ticks.add(entry["size"])
    bad += [
        f"{dump['dump']} has another content"
        for dump in restore.databases
        if sha256(restore.beside(dump["dump"])) != dump["sha256"]
    ]
    if bad:
        more = f" and {len(bad) - SHOWN} more" if len(bad) > SHOWN else ""
        raise BackupError(f"not as it was backed up: {'; '.join(bad[:SHOWN])}{more}")
    say(f"{len(wanted)} files are as they were backed up")
