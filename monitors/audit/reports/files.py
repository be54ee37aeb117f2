"""A report's files, put in place together when all of them are whole."""

import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from inventory.files import write_whole


class ReportFile(NamedTuple):
    """A file of a report: its name and what it holds."""

    name: str
    content: bytes


def write_set(folder: Path, files: Iterable[ReportFile]) -> tuple[Path, ...]:
    """Write files beside the folder first, then move them there; return where they are.

    When one cannot be made or written, none is moved and the folder stays as it was. Files of
    these names are replaced, others stay. Raises OSError, and whatever making the files raises.
    """
    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", suffix=".tmp", dir=folder.parent))
    try:
        names = []
        for file in files:
            write_whole(aside / file.name, file.content)
            names.append(file.name)
        folder.mkdir(mode=0o700, exist_ok=True)
        return tuple((aside / name).replace(folder / name) for name in names)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
