import re
import shlex
from pathlib import Path

import click
import pytest

from bastide.cli import cli
from tests.playbooks.programs import program

RUNBOOKS = Path(__file__).resolve().parents[2] / "runbooks"
PAGES = sorted(RUNBOOKS.rglob("*.md"))
ALERTS = sorted((RUNBOOKS / "alerts").glob("*.md"))
SECTIONS = ("First checks", "Fix", "Escalate", "Rehearse in the lab")
INDENTED = re.compile(r"^ {4,}(bastide .+)$", re.MULTILINE)
INLINE = re.compile(r"`(bastide [^`]+)`")
HOST_INDENTED = re.compile(r"^ {4,}(bastide-backup .+)$", re.MULTILINE)
HOST_INLINE = re.compile(r"`(bastide-backup [^`]+)`")


def commands(page: Path) -> list[list[str]]:
    """Return the `bastide` command lines of a page as words, comments left out."""
    text = page.read_text(encoding="utf-8")
    lines = [*INDENTED.findall(text), *INLINE.findall(text)]
    return [shlex.split(" ".join(line.split()), comments=True) for line in lines]


def follow(words: list[str]) -> click.Command:
    """Return the command that the words lead to; AssertionError when one leads nowhere."""
    command: click.Command = cli
    rest = words[1:]
    while isinstance(command, click.Group) and rest:
        context = click.Context(command)
        # A group may take its first word for the argument of one of its commands.
        command.parse_args(context, rest)
        name, *rest = [*context._protected_args, *context.args]
        subcommand = command.get_command(context, name)
        assert subcommand is not None, f"{' '.join(words)}: there is no command {name!r}"
        command = subcommand
    return command


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_bastide_command_and_option_exists(page: Path) -> None:
    for words in commands(page):
        known = {option for parameter in follow(words).params for option in parameter.opts}
        given = {word.split("=")[0] for word in words if word.startswith("--")}
        assert given <= known, f"{' '.join(words)}: unknown {given - known}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_use_of_the_hosts_backup_program_is_one(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    lines = [*HOST_INDENTED.findall(text), *HOST_INLINE.findall(text)]
    parser = program("bastide_backup").command_line()
    for words in (shlex.split(" ".join(line.split()), comments=True) for line in lines):
        parser.parse_args(words[1:])  # exits when it is none


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_playbook_that_is_run_exists(page: Path) -> None:
    for words in commands(page):
        if words[1:3] == ["playbook", "run"]:
            assert (RUNBOOKS.parent / "playbooks" / f"{words[3]}.yml").is_file(), words


@pytest.mark.parametrize("page", ALERTS, ids=lambda page: page.stem)
def test_an_alerts_page_can_be_followed_from_top_to_bottom(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert text.startswith(f"# {page.stem}\n\n**Means.**")
    assert "**Who notices.**" in text
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == list(SECTIONS)
    assert len(text.splitlines()) <= 70, "too long for a night"
