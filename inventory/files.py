"""Files written whole or not at all, so that neither a crash nor a full disk leaves a part."""

import contextlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

OWNER_ONLY = 0o600


def write_whole(path: Path, content: str | bytes, mode: int = OWNER_ONLY) -> None:
    """Put a file in place of the one that was there; after a crash it is the old or the new one.

    Missing folders are made for the owner only (0700). Raises OSError, with nothing left behind.
    """
    with _written_aside(path, content, mode) as fresh:
        fresh.replace(path)
        _sync_folder(path.parent)


def write_first(path: Path, content: str | bytes, mode: int = OWNER_ONLY) -> None:
    """Write a file that must not be there yet: of several writers at once, one wins.

    Raises FileExistsError for the others; otherwise as `write_whole`.
    """
    with _written_aside(path, content, mode) as fresh:
        os.link(fresh, path)
        fresh.unlink()
        _sync_folder(path.parent)


@contextlib.contextmanager
def _written_aside(path: Path, content: str | bytes, mode: int) -> Iterator[Path]:
    """Write and flush a hidden neighbour whose name ends in `.tmp`; it is gone afterwards."""
    make_folder(path.parent)
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    data = content.encode() if isinstance(content, str) else content
    try:
        handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(handle, "wb") as file:
            os.fchmod(handle, mode)  # whatever the umask
            file.write(data)
            file.flush()
            os.fsync(handle)
        yield fresh
    finally:
        fresh.unlink(missing_ok=True)


def make_folder(folder: Path) -> None:
    """Make a folder and those above it, for the owner only, each on disk before what is in it."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(mode=0o700, exist_ok=True)
    _sync_folder(folder.parent)


def _sync_folder(folder: Path) -> None:
    """Flush a folder: a new name is lasting only after this (fsync(2))."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
