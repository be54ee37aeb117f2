"""The options that commands share."""

import json
from collections.abc import Callable
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])


def estate_option(command: Command) -> Command:
    """Add `--estate`."""
    return click.option(
        "--estate",
        "estate_name",
        metavar="DIR|NAME",
        envvar="BASTIDE_ESTATE",
        help="The estate's folder, or a shipped one's name.  [default: the current folder's, "
        "else lab]",
    )(command)


def json_option(command: Command) -> Command:
    """Add `--json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")(command)


def print_json(value: Any) -> None:
    """Print a value as indented JSON with stable keys."""
    click.echo(json.dumps(value, indent=2, sort_keys=True, default=str, ensure_ascii=False))
