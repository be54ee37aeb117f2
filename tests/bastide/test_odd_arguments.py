"""Odd arguments at every command end in an exit status, never in a traceback."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.bastide.commands.test_help import COMMANDS
from tests.bastide.estates import new_estate
from tests.command import bastide_here

STATUSES = {0, 1, 2, 3}
EXAMPLES = 10
ODD = (
    "",
    " ",
    "-",
    "--",
    "-1",
    "0",
    "99999999999999999999",
    "1e309",
    "nan",
    ".",
    "..",
    "/",
    "../../etc/passwd",
    "/etc/passwd",
    "~",
    "127.0.0.1:99999",
    "127.0.0.1:-1",
    "[::1",
    "256.0.0.1",
    "10.0.0.0/33",
    "10.0.0.1/24",
    "::/0",
    "**",
    "[a",
    "*Z-?",
    "%s",
    "{0}",
    "$(id)",
    "[bold]",
    "[/bold]",
    "a\nb",
    "a\0b",
    "\x1b[31m",
    "\udc80",
    "\u202eabc",
    "Šćž",
    "قرية",
    "🏰",
    "x" * 300,
    "x" * 5000,
    "1.3.6." * 200,
    "env:",
    "file:/nowhere",
    "vault:x#y",
    "2026-02-30",
)
# These would begin to work, or wait for ever, when nothing that is typed stops them.
HEAVY = {
    ("up",),
    ("down",),
    ("infra", "preview"),
    ("infra", "up"),
    ("infra", "refresh"),
    ("infra", "destroy"),
    ("playbook", "check"),
    ("backup", "run"),
    ("backup", "drill"),
    ("monitor", "serve"),
    ("monitor", "bridge"),
}
# Files and folders that a command writes: they stay below the test's own folder.
WRITES = {"folder", "tar", "file"}


@dataclass(frozen=True)
class Sandbox:
    """Where the commands run: an estate, a state home and a folder of the test's own."""

    folder: Path
    environment: dict[str, str]


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    folder = tmp_path_factory.mktemp("odd")
    estate = new_estate(folder / "ours", network="127.77.0.")
    before = Path.cwd()
    (folder / "here").mkdir()
    os.chdir(folder / "here")
    environment = {"BASTIDE_ESTATE": str(estate), "BASTIDE_STATE_HOME": str(folder / "state")}
    yield Sandbox(folder / "here", environment)
    os.chdir(before)


odd_words = st.sampled_from(ODD) | st.text(max_size=40)


def value_of(parameter: click.Parameter, word: str, folder: Path) -> str:
    if parameter.name in WRITES and not getattr(parameter.type, "exists", False):
        return f"{folder}/{word.replace('..', '__')}"
    return word


@st.composite
def arguments(draw: st.DrawFn, path: tuple[str, ...], folder: Path) -> list[str]:
    chosen: list[str] = []
    for parameter in COMMANDS[path].params:
        if isinstance(parameter, click.Argument):
            words = draw(st.lists(odd_words, max_size=2))
            chosen += [value_of(parameter, word, folder) for word in words]
        elif not draw(st.booleans()):
            continue
        elif isinstance(parameter, click.Option) and parameter.is_flag:
            chosen.append(parameter.opts[-1])
        else:
            word = value_of(parameter, draw(odd_words), folder)
            chosen += [parameter.opts[-1], word]
    return [*chosen, "one too many", "another"] if path in HEAVY else chosen


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
@settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_odd_arguments_end_in_an_exit_status(
    path: tuple[str, ...], sandbox: Sandbox, data: st.DataObject
) -> None:
    typed = data.draw(arguments(path, sandbox.folder))
    done = bastide_here(*path, *typed, **sandbox.environment)
    assert done.returncode in STATUSES
    assert done.returncode == 0 or done.stdout or done.stderr, "it says why"
    assert "Traceback" not in done.stderr
