"""The estate that brings everything of its own, to be read, or copied and broken."""

import shutil
from pathlib import Path

from inventory.own import Own, own_files

RIVER = Path(__file__).parent / "cases" / "estates" / "river"


def copied(folder: Path) -> Path:
    """Return a copy of the estate, to be changed."""
    return Path(shutil.copytree(RIVER, folder / "river"))


def broken(folder: Path, file: str, old: str, new: str) -> Own:
    """Return what a copy brings in which one file says something else; `old` must be in it."""
    path = copied(folder) / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    return own_files(folder / "river")
