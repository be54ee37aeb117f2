"""A group of commands that imports each when it is used."""

import sys
from collections.abc import Mapping
from importlib import import_module
from typing import Any, NamedTuple

import click
from click.exceptions import NoSuchCommand

from bastide.support.errors import CommandError, Exit

LONGEST_SUMMARY = 100


class Lazy(NamedTuple):
    """A command as `module:attribute`, and its line in its group's help, which imports nothing."""

    reference: str
    summary: str


class LazyGroup(click.Group):
    """Commands by name, each given by reference or as a group; in the table's order.

    The operations machine has no provisioning installed: a command that needs it says so when it
    is used, and the others work.
    """

    def __init__(
        self, name: str, table: Mapping[str, Lazy | click.Command], **attributes: Any
    ) -> None:
        """Keep the table; `attributes` are those of click.Group."""
        super().__init__(name, **attributes)
        self.table = table

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names."""
        return list(self.table)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command; an unknown name is answered with those that are near to it."""
        entry = self.table.get(cmd_name)
        if entry is None and not ctx.resilient_parsing:
            raise NoSuchCommand(cmd_name, possibilities=self.table, ctx=ctx)
        return _imported(cmd_name, entry.reference) if isinstance(entry, Lazy) else entry

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands with their summaries, without importing any."""
        rows = [(name, _summary(entry)) for name, entry in self.table.items()]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


def _summary(entry: Lazy | click.Command) -> str:
    return entry.summary if isinstance(entry, Lazy) else entry.get_short_help_str(LONGEST_SUMMARY)


def _imported(name: str, reference: str) -> click.Command:
    module, _, attribute = reference.partition(":")
    try:
        command: click.Command = getattr(import_module(module), attribute)
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] in sys.modules:
            raise
        return _not_installed(name, error.name or "")
    return command


def _not_installed(name: str, module: str) -> click.Command:
    text = f"Not installed here: needs {module}; pip install 'bastide[provision]'."

    def refuse(arguments: tuple[str, ...]) -> None:
        raise CommandError(f"{name}: {text}", Exit.WRONG_USE)

    arguments = click.Argument(["arguments"], nargs=-1, type=click.UNPROCESSED)
    return click.Command(
        name,
        callback=refuse,
        params=[arguments],
        help=text,
        context_settings={"ignore_unknown_options": True},
    )
