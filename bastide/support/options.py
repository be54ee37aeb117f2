"""The options that commands share."""

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


def engine_option(command: Command) -> Command:
    """Add `--engine`."""
    return click.option(
        "--engine",
        type=click.Choice(["auto", "pulumi", "embedded"]),
        default="auto",
        show_default=True,
        help="auto takes the official Pulumi CLI when it is on PATH.",
    )(command)
