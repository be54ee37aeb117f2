"""The file of a municipality, or central.yml, with a new text: whole or not at all, and valid."""

import contextlib
import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

from bastide.support.errors import CommandError, Exit
from bastide.support.estate import EstateContext
from inventory.entries import Tenant
from inventory.files import write_whole
from inventory.load import load_estate
from inventory.model.estate import Estate
from inventory.model.tenants import CENTRAL
from inventory.problems import InventoryError
from monitors.inspection.suggestion.insert import NoPlaceError


def file_of(context: EstateContext, tenant: Tenant) -> Path:
    """Return the file that a tenant stands in."""
    if tenant.id == CENTRAL:
        return context.folder / "central.yml"
    for file in sorted(context.folder.glob("municipalities/*.yml")):
        for line in file.read_text("utf-8").splitlines():
            key, _, value = line.partition(":")
            if key == "municipality" and value.split("#")[0].strip(" '\"") == tenant.id:
                return file
    return context.folder / "municipalities" / f"{tenant.id}.yml"


def no_place(file: Path, error: NoPlaceError) -> CommandError:
    """Return the error for a text that nothing can be put into."""
    return CommandError(f"{file}: {error}; nothing was written", Exit.WRONG_USE)


def check(context: EstateContext, file: Path, text: str) -> Estate:
    """Return the estate as it would be; CommandError with every problem when it is not valid."""
    with _copy(context.folder) as copy:
        changed = copy / file.relative_to(context.folder)
        changed.unlink()
        changed.write_text(text, encoding="utf-8")
        try:
            return load_estate(copy)
        except InventoryError as error:
            problems = str(error).replace(str(copy), str(context.folder))
            raise CommandError(
                f"{problems}\nthe estate would not be valid; nothing was written: paste what is "
                "printed without --write, and correct it",
                Exit.WRONG_USE,
            ) from None


def replace_text(file: Path, before: str, text: str) -> None:
    """Write a text in place of the one that was read; CommandError when that has changed."""
    target = file.resolve()
    if target.read_text("utf-8") != before:
        raise CommandError(
            f"{file}: somebody changed it meanwhile; nothing was written: run this again",
            Exit.WRONG_USE,
        )
    owner = target.stat()
    write_whole(target, text, stat.S_IMODE(owner.st_mode))
    with contextlib.suppress(PermissionError):
        os.chown(target, owner.st_uid, owner.st_gid)


@contextlib.contextmanager
def _copy(folder: Path) -> Iterator[Path]:
    """Yield a folder like the estate's, of links, in which one file can be replaced."""
    with tempfile.TemporaryDirectory(prefix="bastide-check-") as name:
        copy = Path(name)
        for path in folder.iterdir():
            if path.name != "municipalities":
                (copy / path.name).symlink_to(path.resolve())
        (copy / "municipalities").mkdir()
        for path in (folder / "municipalities").glob("*.yml"):
            (copy / "municipalities" / path.name).symlink_to(path.resolve())
        yield copy
