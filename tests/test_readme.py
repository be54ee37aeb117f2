"""README's blocks, run word for word in one shell a section, as a newcomer would.

A comment in a block says what is expected: `exit N` where the status is not 0, `within N s` where
it takes a while, and `within N s: WORD` where that word is printed then.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from bastide.support.estate import EstateContext
from inventory.paths import state_directory
from tests.bastide.commands.host.test_town import fingerprint
from tests.bastide.commands.test_help import COMMANDS
from tests.bastide.estates import put_host_keys
from tests.command import bastide_here
from tests.lab_findings import unwell
from tests.strange_town import allowed, picture
from tests.strange_town.town import Town

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
SECTION = re.compile(r"^## (.+?)\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
BLOCK = re.compile(r"^ *```sh\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
STATUS = re.compile(r"#.*\bexit (\d)")
PATIENCE = re.compile(r"#.*\bwithin (\d+) s(?:: (\w+))?")
NOT_PRINTED = 99
MARK = "::status"
LONGEST_SECONDS = 600


@dataclass(frozen=True)
class Line:
    """A line of a block, and what its comment says to expect."""

    text: str
    status: int
    patience_seconds: int
    word: str


def lines(section: str) -> list[Line]:
    """The lines of all blocks of a section."""
    text = dict(SECTION.findall(README))[section]
    return [line_of(raw) for block in BLOCK.findall(text) for raw in block.splitlines()]


def line_of(raw: str) -> Line:
    status, patience = STATUS.search(raw), PATIENCE.search(raw)
    return Line(
        raw.strip(),
        int(status[1]) if status else 0,
        int(patience[1]) if patience else 0,
        (patience[2] or "") if patience else "",
    )


def script(typed: list[Line]) -> str:
    """The lines as they stand, each followed by its status; one with patience is repeated."""
    return "".join(repeated(line) if line.patience_seconds else plain(line) for line in typed)


def plain(line: Line) -> str:
    return f"{line.text}\nprintf '\\n{MARK} %s\\n' $?\n"


def repeated(line: Line) -> str:
    return (
        f"end=$((SECONDS + {line.patience_seconds}))\n"
        "while\n"
        f"{{ {line.text}\n}} > ~/printed.txt 2>&1\n"
        f"status=$?; grep -q '{line.word}' ~/printed.txt || status={NOT_PRINTED}\n"
        f"[ $status != {line.status} ] && [ $SECONDS -lt $end ]; do sleep 2; done\n"
        f"cat ~/printed.txt; printf '\\n{MARK} %s\\n' $status\n"
    )


def statuses(typed: list[Line], home: Path) -> tuple[list[int], str]:
    """Run lines in one shell, in the checkout; return the status of each and what was printed.

    The lines are a file: from standard input, a line such as `ssh HOST` would read the rest.
    """
    blocks = home / "blocks.sh"
    blocks.write_text(script(typed), encoding="utf-8")
    done = subprocess.run(
        ["bash", str(blocks)],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        env={
            **os.environ,
            "HOME": str(home),
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=LONGEST_SECONDS,
    )
    printed = done.stdout + done.stderr
    return [int(n) for n in re.findall(rf"^{MARK} (\d+)$", done.stdout, re.MULTILINE)], printed


def run(section: str, home: Path) -> str:
    """Run a section's blocks as `run_lines` does."""
    typed = lines(section)
    assert typed, f"no block in {section}"
    return run_lines(typed, home)


def run_lines(typed: list[Line], home: Path) -> str:
    """Run lines, hold each one's status against its comment; return the output."""
    got, printed = statuses(typed, home)
    assert list(zip((line.text for line in typed), got, strict=True)) == [
        (line.text, line.status) for line in typed
    ], printed
    return printed


def test_your_own_estate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BASTIDE_ESTATE", raising=False)
    printed = run("Your own estate", tmp_path)
    assert "host_key" in printed
    estate = tmp_path / "our-estate"
    put_host_keys(estate)
    done = bastide_here("inventory", "check", "--estate", str(estate))
    assert done.returncode == 0, done.stderr


@pytest.mark.town
@pytest.mark.root
def test_your_own_servers(town: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BASTIDE_ESTATE", raising=False)
    monkeypatch.setenv("BASTIDE_STATE_HOME", str(tmp_path / "state"))
    (tmp_path / ".ssh").mkdir(mode=0o700)
    shutil.copy2(town.key, tmp_path / ".ssh" / "id_ed25519")
    adopted = ("files", "new")
    before = {name: picture.take(town, name) for name in adopted}
    printed = run_lines([in_the_town(line, town) for line in lines("Your own servers")], tmp_path)
    assert "gradac-fajlovi" in printed
    for name in adopted:
        assert allowed.unexplained(before[name], picture.take(town, name)) == (), name
    reports = {file.suffix for file in (tmp_path / "state").rglob("reports/*/*")}
    assert {".html", ".pdf", ".csv", ".xml", ".json", ".zip"} <= reports


def in_the_town(line: Line, town: Town) -> Line:
    """A line for this very town; for who compares a fingerprint at a terminal, it is given."""
    text = line.text.replace("172.27.10.", f"172.27.{town.number}.")
    for host in town.hosts.values():
        if f"host adopt {host.address} " in text:
            text += f" --host-key {fingerprint(host)}"
    return replace(line, text=text)


def test_a_line_that_ends_otherwise_is_noticed(tmp_path: Path) -> None:
    typed = [line_of("true"), line_of("(exit 3)"), line_of("(exit 1)  # exit 1: expected")]
    assert statuses(typed, tmp_path)[0] == [0, 3, 1]
    assert [line.status for line in typed] == [0, 0, 1]


def test_a_line_with_patience_is_repeated_until_it_ends_as_expected(tmp_path: Path) -> None:
    typed = [
        line_of(
            "cat once || { echo there > once; }  # within 20 s: there".replace(
                "once", f"{tmp_path}/x"
            )
        )
    ]
    assert statuses(typed, tmp_path)[0] == [0]


def commands_in_text() -> Iterator[str]:
    """The commands that README names in its prose."""
    yield from re.findall(r"`bastide ([a-z][a-z ]+?)(?: [-~A-Z|`].*?)?`", README)


@pytest.mark.parametrize("command", sorted(set(commands_in_text())))
def test_a_command_that_is_named_exists(command: str) -> None:
    assert tuple(command.split()) in COMMANDS


@pytest.mark.parametrize("line", lines("Two commands"), ids=lambda line: line.text)
def test_the_two_commands_are_targets_of_make(line: Line) -> None:
    done = subprocess.run(
        ["bash", "-c", line.text.replace("make ", "make --dry-run ")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.lab
def test_five_minutes(lab: EstateContext, tmp_path: Path) -> None:
    assert state_directory("lab") == Path("/var/lib/bastide/lab"), "README names this folder"
    try:
        printed = run("Five minutes", tmp_path)
    except AssertionError as error:
        raise AssertionError(f"{error}\n{unwell(lab)}") from None
    assert "HostDown" in printed
    assert "every record holds" in printed
    again = [line_of("bastide status --estate lab  # within 300 s")]
    assert statuses(again, tmp_path)[0] == [0], unwell(lab)
