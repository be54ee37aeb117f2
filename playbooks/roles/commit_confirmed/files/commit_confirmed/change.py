"""A change under a timer: applied, then confirmed from outside or reverted by the host itself."""

from __future__ import annotations

import grp
import json
import os
import pwd
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fcntl import LOCK_EX, flock
from pathlib import Path

import snapshot
from block import with_block
from commands import CommandFailedError, run, run_all
from plan import File, Plan, parse

ROOT = Path("/var/lib/bastide/changes")
SPARE_BYTES = 16 << 20
SPARE_BESIDE = 1 << 20
# Runs of later months are looked up in the journal; these are kept to be undone.
RECORDS_KEPT = 200

Arm = Callable[[str, int], None]


class ChangeError(Exception):
    """A change was not made, or not kept; the host is as it was, unless the text says otherwise."""


@dataclass(frozen=True)
class Changes:
    """The changes of a host: one at a time is pending, the others are its record."""

    root: Path = ROOT

    @property
    def pending(self) -> Path:
        """The link to the change that waits to be confirmed."""
        return self.root / "pending"

    def pending_id(self) -> str | None:
        """Return the id of the change that waits, if there is one."""
        try:
            return str(self.pending.readlink())
        except FileNotFoundError:
            return None

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Let no other change begin, end or be reverted meanwhile."""
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (self.root / "lock").open("w") as lock:
            flock(lock, LOCK_EX)
            yield


def resolved(file: File) -> File:
    """Return a file whose block is put into what is there, as its owner keeps it.

    ChangeError where the lines that hold the block are not one pair.
    """
    if not file.block:
        return file
    path = Path(file.path)
    now = snapshot.look(path)
    if now.kind == "absent":
        return replace(file, content=with_block("", file.content))
    if now.kind != "file":
        raise ChangeError(f"{path}: expected a file to put a block into, found a {now.kind}")
    text = path.read_bytes().decode("utf-8", "surrogateescape")
    try:
        whole = with_block(text, file.content)
    except ValueError as error:
        raise ChangeError(f"{path}: {error}; correct the file by hand, then run again") from None
    owner, group, mode = str(now.owner), str(now.group), f"{now.mode:04o}"
    return replace(file, content=whole, owner=owner, group=group, mode=mode)


def differing(plan: Plan) -> list[str]:
    """Return the paths of a plan that are not as it wants them."""
    return [file.path for file in plan.files if not as_wanted(file)]


def as_wanted(file: File) -> bool:
    """Whether a file, link or folder is as it is wanted, with its owner and mode."""
    path = Path(file.path)
    now = snapshot.look(path)
    if now.kind != file.kind or (file.kind == "link" and now.link != file.content):
        return False
    if file.kind == "link":
        return True
    try:
        wanted = (int(file.mode, 8), *owner(file))
    except LookupError:  # it is made meanwhile, or the change says that it is missing
        return False
    access = (now.mode, now.owner, now.group) == wanted
    return access and (file.kind == "folder" or path.read_bytes() == content(file))


def content(file: File) -> bytes:
    """Return a file's bytes."""
    return file.content.encode("utf-8", "surrogateescape")


def owner(file: File) -> tuple[int, int]:
    """Return the numbers of a file's owner and group; LookupError for those that are not there."""
    try:
        user = int(file.owner) if file.owner.isdecimal() else pwd.getpwnam(file.owner).pw_uid
        group = int(file.group) if file.group.isdecimal() else grp.getgrnam(file.group).gr_gid
    except KeyError as error:
        raise LookupError(f"{file.path}: no such account or group: {error}") from None
    return user, group


def live_differs(changes: Changes, plan: Plan) -> bool:
    """Whether what runs is not what was confirmed, which no file shows."""
    if not plan.live:
        return False
    try:
        return (changes.root / f"{plan.name}.live").read_bytes() != run(plan.live)
    except (FileNotFoundError, CommandFailedError):
        return True


def is_needed(plan: Plan) -> bool:
    """Whether the program that makes the change has anything to do, or cannot say so."""
    if not plan.needed:
        return False
    try:
        return bool(run(plan.needed).strip())
    except CommandFailedError:
        return True


def apply(changes: Changes, text: str, arm: Arm) -> str | None:
    """Make a change, and return its id to confirm it by; None when all is as wanted.

    Everything that could fail is tried first; what fails later is reverted at once. Raises
    ChangeError.
    """
    plan = parse(text)
    plan = replace(plan, files=tuple(map(resolved, plan.files)))
    waiting = changes.pending_id()
    if waiting is not None:
        revert(changes, "a later run found it unconfirmed")
    if not (differing(plan) or live_differs(changes, plan) or is_needed(plan)):
        return None
    folder = prepare(changes, plan, text)
    arm(folder.name, plan.seconds)
    changes.pending.symlink_to(folder.name)
    snapshot.sync(changes.root)
    try:
        for file in plan.files:
            write(file)
        for command in (*plan.validate, *plan.activate):
            run(command, captured(folder, plan))
    except (CommandFailedError, OSError, LookupError) as error:
        undone = revert(changes, f"it failed: {error}")
        raise ChangeError(f"{plan.name}: {error}; {undone}") from None
    return folder.name


def prepare(changes: Changes, plan: Plan, text: str) -> Path:
    """Keep what a revert needs, and try the way back; ChangeError: nothing was changed."""
    name = f"{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}-{plan.name}"
    folder = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=changes.root))
    try:
        room(changes.root, plan.paths)
        (folder / "plan.json").write_text(text, encoding="utf-8")
        states = snapshot.keep(map(Path, plan.paths), folder)
        for key, command in plan.capture.items():
            (folder / key).write_bytes(run(command))
        (folder / "states.json").write_text(json.dumps([s.as_json() for s in states]))
        for command in plan.rehearse:
            run(command, captured(folder, plan))
        snapshot.sync(folder)
    except (OSError, ValueError, CommandFailedError) as error:
        shutil.rmtree(folder, ignore_errors=True)
        reason = getattr(error, "strerror", None) or error
        raise ChangeError(
            f"{plan.name}: the way back could not be made sure of ({reason}); nothing was changed"
        ) from None
    return folder


def room(root: Path, paths: list[str]) -> None:
    """Make sure of room for what is kept, written and put back; OSError where there is none.

    What is put back is written beside what is there, on another disk perhaps.
    """
    wanted = 2 * sum(Path(path).stat().st_size for path in paths if Path(path).is_file())
    spares = {folder_of(Path(path)): SPARE_BESIDE for path in paths} | {root: SPARE_BYTES}
    for folder, spare in spares.items():
        free = shutil.disk_usage(folder).free
        if free < wanted + spare:
            raise OSError(f"{folder}: {free >> 20} MiB free, expected {(wanted + spare) >> 20}")


def folder_of(path: Path) -> Path:
    """Return the folder that a path is in, or will be below."""
    return next(folder for folder in path.parents if folder.is_dir())


def captured(folder: Path, plan: Plan) -> dict[str, Path]:
    """Return the files that commands of a plan may name in braces."""
    return {key: folder / key for key in plan.capture}


def write(file: File) -> None:
    """Put a file, link or folder in its place, whole, with its owner and mode."""
    path = Path(file.path)
    for parent in reversed([parent for parent in path.parents if not parent.exists()]):
        parent.mkdir(mode=0o755)
    if file.kind == "folder":
        path.mkdir(exist_ok=True)
        os.chown(path, *owner(file))
        path.chmod(int(file.mode, 8))
        return
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    beside = Path(name)
    try:
        with os.fdopen(handle, "wb") as writes:
            writes.write(content(file))
            os.fchown(writes.fileno(), *owner(file))
            os.fchmod(writes.fileno(), int(file.mode, 8))
            writes.flush()
            os.fsync(writes.fileno())
        if file.kind == "link":
            beside.unlink()
            beside.symlink_to(file.content)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def confirm(changes: Changes, identity: str) -> None:
    """Keep a change that was proved from outside; ChangeError when it is reverted already."""
    if changes.pending_id() != identity:
        raise ChangeError(f"{identity}: not pending; the host has reverted it already")
    folder = changes.root / identity
    plan = parse((folder / "plan.json").read_text(encoding="utf-8"))
    if plan.live:
        (changes.root / f"{plan.name}.live").write_bytes(run(plan.live))
    end(changes, folder, "confirmed", "")
    prune(changes)


def revert(changes: Changes, reason: str, *, booting: bool = False) -> str:
    """Put back what a pending change has changed, and return what was done in words.

    `booting`: services have not started, and read what was put back when they do.
    """
    identity = changes.pending_id()
    if identity is None:
        return "nothing is pending"
    folder = changes.root / identity
    plan = parse((folder / "plan.json").read_text(encoding="utf-8"))
    states = [snapshot.of_json(s) for s in json.loads((folder / "states.json").read_text())]
    problems = []
    try:
        snapshot.put_back(states, folder)
    except snapshot.NotRestoredError as error:
        problems.append(str(error))
    if not booting:
        problems += run_all(plan.undo, captured(folder, plan))
    if problems:
        problems += run_all(plan.last_resort, captured(folder, plan))
    end(changes, folder, "reverted", "; ".join([reason, *problems]))
    if problems:
        return f"NOT all of it could be put back: {'; '.join(problems)}"
    return "everything is back as it was"


def end(changes: Changes, folder: Path, outcome: str, reason: str) -> None:
    """Write down how a change ended; it is pending no longer."""
    record = {"outcome": outcome, "reason": reason, "ended": int(time.time())}
    (folder / "outcome.json").write_text(json.dumps(record), encoding="utf-8")
    snapshot.sync(folder)
    changes.pending.unlink(missing_ok=True)
    snapshot.sync(changes.root)


def prune(changes: Changes) -> None:
    """Forget the oldest records, and what a run that was killed has left."""
    folders = sorted(path for path in changes.root.iterdir() if path.is_dir())
    ended = [path for path in folders if (path / "outcome.json").exists()]
    pending = changes.pending_id()
    broken = [p for p in folders if p.name != pending and not (p / "outcome.json").exists()]
    for path in [*ended[:-RECORDS_KEPT], *broken]:
        shutil.rmtree(path, ignore_errors=True)
