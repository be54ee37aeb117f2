"""What is at a path, kept so that it can be put back byte for byte."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

CHUNK = 1 << 20


class NotRestoredError(Exception):
    """A path is not as it was after it was put back."""


@dataclass(frozen=True)
class State:
    """A path's kind and access; a file's bytes lie beside, under the number."""

    path: str
    number: int
    kind: str
    mode: int = 0
    owner: int = 0
    group: int = 0
    modified: int = 0
    link: str = ""
    # Access control lists and capabilities are extended attributes (acl(5), xattr(7)), in hex.
    attributes: tuple[tuple[str, str], ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return it as the record keeps it."""
        return asdict(self)


def of_json(data: dict[str, Any]) -> State:
    """Return the state that a record keeps."""
    attributes = tuple((name, value) for name, value in data.pop("attributes"))
    return State(**data, attributes=attributes)


def look(path: Path, number: int = 0) -> State:
    """Return what is at a path now; its bytes are not read."""
    try:
        found = path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return State(str(path), number, "absent")
    link = str(path.readlink()) if stat.S_ISLNK(found.st_mode) else ""
    return State(
        str(path),
        number,
        kind_of(found.st_mode),
        stat.S_IMODE(found.st_mode),
        found.st_uid,
        found.st_gid,
        found.st_mtime_ns,
        link,
        tuple(attributes_of(path)),
    )


def kind_of(mode: int) -> str:
    """Return the kind of what has this mode; ValueError for what cannot be kept (a device)."""
    for kind, matches in (("file", stat.S_ISREG), ("link", stat.S_ISLNK), ("folder", stat.S_ISDIR)):
        if matches(mode):
            return kind
    raise ValueError("neither a file, a folder nor a link")


def attributes_of(path: Path) -> Iterator[tuple[str, str]]:
    """Yield a path's extended attributes, in order; none where the file system has none."""
    try:
        names = sorted(os.listxattr(path, follow_symlinks=False))
    except OSError:
        return
    for name in names:
        yield name, os.getxattr(path, name, follow_symlinks=False).hex()


def keep(paths: Iterable[Path], folder: Path) -> list[State]:
    """Copy what is at the paths, and which folders above are missing, into a folder; return it.

    All of it is on the disk afterwards. OSError when it is full: nothing was changed then.
    """
    states = []
    for number, path in enumerate(with_missing_parents(paths)):
        state = look(path, number)
        if state.kind == "file":
            copy(path, folder / str(number))
        states.append(state)
    sync(folder)
    return states


def with_missing_parents(paths: Iterable[Path]) -> list[Path]:
    """Return the paths and the folders that have to be made for them, outermost first."""
    wanted: dict[Path, None] = {}
    for path in paths:
        missing = [folder for folder in path.parents if not folder.exists()]
        wanted.update(dict.fromkeys([*reversed(missing), path]))
    return list(wanted)


def copy(source: Path, target: Path) -> None:
    """Copy a file's bytes, and wait until the disk has them."""
    with source.open("rb") as reads, target.open("wb") as writes:
        os.fchmod(writes.fileno(), 0o600)
        shutil.copyfileobj(reads, writes, CHUNK)
        writes.flush()
        os.fsync(writes.fileno())


def sync(folder: Path) -> None:
    """Wait until the disk has a folder's names."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def put_back(states: Iterable[State], folder: Path) -> None:
    """Put back what was kept: what was made since goes first, innermost first.

    What cannot be put back keeps the rest from nothing. Raises NotRestoredError with all of it.
    """
    problems = []
    ordered = list(states)
    absent = [state for state in reversed(ordered) if state.kind == "absent"]
    for state in [*absent, *(state for state in ordered if state.kind != "absent")]:
        try:
            restore(state, folder)
        except OSError as error:
            problems.append(f"{state.path}: {error.strerror or error}")
    problems += [f"{s.path}: not as it was" for s in ordered if not same(s, folder)]
    if problems:
        raise NotRestoredError("; ".join(dict.fromkeys(problems)))


def restore(state: State, folder: Path) -> None:
    """Put one path back, whole: nobody reads half of a file."""
    path = Path(state.path)
    if same(state, folder):
        return
    if state.kind == "absent":
        remove(path)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    if state.kind == "folder":
        if not path.is_dir() or path.is_symlink():
            remove(path)
            path.mkdir()
        give_access(path, state)
        return
    beside = path.with_name(f".{path.name}.restored")
    remove(beside)
    if state.kind == "link":
        beside.symlink_to(state.link)
        os.lchown(beside, state.owner, state.group)
        os.utime(beside, ns=(state.modified, state.modified), follow_symlinks=False)
    else:
        copy(folder / str(state.number), beside)
        give_access(beside, state)
    if path.is_dir() and not path.is_symlink():
        remove(path)
    beside.replace(path)
    sync(path.parent)


def give_access(path: Path, state: State) -> None:
    """Give a path the owner, attributes, mode and time of a state."""
    os.chown(path, state.owner, state.group)
    wanted = dict(state.attributes)
    for name, value in attributes_of(path):
        if wanted.get(name) != value and name not in wanted:
            os.removexattr(path, name)
    for name, value in state.attributes:
        os.setxattr(path, name, bytes.fromhex(value))
    path.chmod(state.mode)
    os.utime(path, ns=(state.modified, state.modified))


def remove(path: Path) -> None:
    """Remove what was not there; a folder only when it is empty, since others may have used it."""
    if path.is_dir() and not path.is_symlink():
        path.rmdir()
    else:
        path.unlink(missing_ok=True)


def same(state: State, folder: Path) -> bool:
    """Whether a path is as it was; a folder's time tells of what others did in it."""
    now = look(Path(state.path), state.number)
    if state.kind == "folder":
        now = replace(now, modified=state.modified)
    if now != state:
        return False
    return state.kind != "file" or equal(Path(state.path), folder / str(state.number))


def equal(one: Path, other: Path) -> bool:
    """Whether two files have the same bytes."""
    with one.open("rb") as first, other.open("rb") as second:
        while True:
            left, right = first.read(CHUNK), second.read(CHUNK)
            if left != right:
                return False
            if not left:
                return True
