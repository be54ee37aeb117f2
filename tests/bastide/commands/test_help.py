"""Every word of the command explains itself, and the exit codes are told."""

from collections.abc import Iterator
from typing import cast

import click
import pytest

from bastide.cli import cli
from tests.command import bastide


def words(
    group: click.Group, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield (*path, name), command
        if isinstance(command, click.Group):
            yield from words(command, (*path, name))


WORDS = dict(words(cast("click.Group", cli)))


@pytest.mark.parametrize("path", WORDS, ids=" ".join)
def test_every_word_has_help_that_ends_in_a_sentence(path: tuple[str, ...]) -> None:
    told = WORDS[path].get_short_help_str(limit=200)
    assert told.rstrip().endswith((".", ")")), told


@pytest.mark.parametrize("path", WORDS, ids=" ".join)
def test_every_option_has_help(path: tuple[str, ...]) -> None:
    options = [p for p in WORDS[path].params if isinstance(p, click.Option)]
    assert not [option.name for option in options if not option.help]


def test_the_words_of_the_design_are_there() -> None:
    top = {path[0] for path in WORDS}
    assert {"up", "status", "down", "init", "municipality", "inventory", "infra"} <= top
    assert {"playbook", "monitor", "audit", "snmp", "backup"} <= top


def test_exit_codes_are_told() -> None:
    assert "0 well, 1 findings, 2 wrong use" in bastide("--help").stdout
