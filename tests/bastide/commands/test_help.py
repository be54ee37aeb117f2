"""Every command explains itself, in a terminal of 80 columns, and the exit codes are documented."""

from collections.abc import Iterator

import click
import pytest

from bastide.cli import cli
from bastide.support.lazy_group import LONGEST_SUMMARY, Lazy, LazyGroup
from tests.command import bastide_here

Path = tuple[str, ...]
# Commands that read, and yet print no JSON: what they print is a format of its own.
OWN_FORMAT = {
    ("inventory", "schema"),
    ("snmp", "replay"),
    ("snmp", "profile", "new"),
    ("audit", "report"),
    ("snmp", "record"),
}
CHANGES = {
    ("down",),
    ("init",),
    ("municipality", "add"),
    ("audit", "follow"),
    ("infra", "schedule"),
    ("infra", "split"),
    ("monitor", "bridge"),
    ("monitor", "serve"),
    ("lab", "stop"),
    ("lab", "start"),
}


def walk(group: click.Group, path: Path = ()) -> Iterator[tuple[Path, click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield (*path, name), command
        if isinstance(command, click.Group):
            yield from walk(command, (*path, name))


COMMANDS = dict(walk(cli))
GROUPS = [(), *(path for path, command in COMMANDS.items() if isinstance(command, click.Group))]


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_command_has_help_that_ends_in_a_sentence(path: Path) -> None:
    text = COMMANDS[path].get_short_help_str(limit=200)
    assert text.rstrip().endswith((".", ")")), text


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_the_summary_in_the_table_is_the_commands_own(path: Path) -> None:
    group: click.Command = cli if len(path) == 1 else COMMANDS[path[:-1]]
    entry = group.table[path[-1]] if isinstance(group, LazyGroup) else None
    if isinstance(entry, Lazy):
        assert entry.summary == COMMANDS[path].get_short_help_str(limit=LONGEST_SUMMARY)


@pytest.mark.parametrize("path", GROUPS, ids=" ".join)
def test_no_line_of_help_is_cut_in_80_columns(path: Path) -> None:
    lines = bastide_here(*path, "--help", COLUMNS="80").stdout.splitlines()
    assert not [line for line in lines[1:] if line.endswith("...") or len(line) > 80]


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_option_has_help(path: Path) -> None:
    options = [p for p in COMMANDS[path].params if isinstance(p, click.Option)]
    assert not [option.name for option in options if not option.help]


@pytest.mark.parametrize(
    "path", sorted(COMMANDS.keys() - OWN_FORMAT - CHANGES - set(GROUPS)), ids=" ".join
)
def test_what_reads_prints_json_as_well(path: Path) -> None:
    assert "as_json" in {parameter.name for parameter in COMMANDS[path].params}


def test_the_commands_of_the_design_are_there() -> None:
    top = {path[0] for path in COMMANDS}
    assert {"up", "status", "down", "init", "municipality", "inventory", "infra"} <= top
    assert {"playbook", "monitor", "audit", "snmp", "backup"} <= top


def test_exit_codes_are_documented() -> None:
    text = " ".join(bastide_here("--help").stdout.split())
    assert "0 well, 1 findings, 2 wrong use or invalid input, 3 could not check" in text
