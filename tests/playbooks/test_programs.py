"""The programs of several files that roles install keep nothing compiled beside them.

What neither a package nor a run has put there is told as a changed program (ProgramsChanged), and
compiled modules would hide there well.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.playbooks.programs import ROLES

PLAYBOOKS = ROLES.parent
PLACES = (PLAYBOOKS, *(PLAYBOOKS.parent / name for name in ("docs", "runbooks")))
STARTED = re.compile(r"python3 (-\w+(?: -\w+)*) /usr/local/|\"(-\w+)\", str\(PROGRAM\)")


def shebangs() -> Iterator[tuple[Path, str]]:
    """The programs with modules of their own beside them, and what starts them."""
    for file in sorted(ROLES.glob("*/files/**/*.py")):
        first = file.read_text(encoding="utf-8").partition("\n")[0]
        imported = re.findall(r"^(?:import|from) (\w+)", file.read_text(encoding="utf-8"), re.M)
        if first.startswith("#!") and any(
            (file.parent / f"{name}.py").exists() for name in imported
        ):
            yield file, first


def starts() -> Iterator[tuple[Path, str]]:
    """Where one of our programs is started by name, with the options of Python."""
    for file in sorted(file for place in PLACES for file in place.rglob("*")):
        if file.suffix in (".py", ".service", ".j2", ".yml", ".md") and file.is_file():
            for options in STARTED.findall(file.read_text(encoding="utf-8")):
                yield file, "".join(options)


@pytest.mark.parametrize(("file", "started"), [*shebangs(), *starts()], ids=str)
def test_no_compiled_modules_are_left(file: Path, started: str) -> None:
    assert re.search(r"-\w*B", started), file


def test_programs_of_several_files_are_found() -> None:
    assert {"backup_client", "scratch", "integrity", "commit_confirmed"} <= {
        file.relative_to(PLAYBOOKS).parts[1]
        for file, _ in (*shebangs(), *starts())
        if file.is_relative_to(PLAYBOOKS)
    }
