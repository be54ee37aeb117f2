"""What commands print: JSON for programs, tables for people."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

# Wider than any table: what is piped is never folded, so that names and addresses stay whole.
UNBROKEN = 10_000


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table; `bad` marks it."""

    cells: tuple[str, ...]
    bad: bool = False


def row(*cells: str, bad: bool = False) -> Row:
    """Return a row of these cells."""
    return Row(cells, bad)


def print_json(value: Any) -> None:
    """Print a value as indented JSON with stable keys."""
    click.echo(json.dumps(value, indent=2, sort_keys=True, default=str, ensure_ascii=False))


def print_table(headings: Sequence[str], rows: Iterable[Row], *, title: str | None = None) -> None:
    """Print a table: folded to a terminal's width, unbroken where there is none."""
    table = Table(title=Text(title) if title else None)
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for entry in rows:
        cells = [Text(cell) for cell in entry.cells]
        table.add_row(*cells, style="bold red" if entry.bad else None)
    output_console().print(table)


def output_console() -> Console:
    """Return a console on standard output."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = UNBROKEN
    return console
