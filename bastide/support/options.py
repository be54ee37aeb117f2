"""The options that commands share."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from bastide.support.completion import complete_estates, complete_hosts

Command = TypeVar("Command", bound=Callable[..., Any])
Value = TypeVar("Value")
LABEL = r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}"


def estate_option(command: Command) -> Command:
    """Add `--estate`."""
    return click.option(
        "--estate",
        "estate_name",
        metavar="DIR|NAME",
        envvar="BASTIDE_ESTATE",
        shell_complete=complete_estates,
        help="The estate's folder, or a shipped one's name.  [default: $BASTIDE_ESTATE, else the "
        "estate that the current folder is in]",
    )(command)


def host_option(help_text: str, *, multiple: bool = False) -> Callable[[Command], Command]:
    """Add `--host`: one estate-wide name, or several."""
    return click.option(
        "--host",
        "hosts" if multiple else "host",
        multiple=multiple,
        metavar="HOST",
        shell_complete=complete_hosts,
        help=help_text,
    )


def json_option(command: Command) -> Command:
    """Add `--json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")(command)


def key_option(command: Command) -> Command:
    """Add `--key`: a private key for hosts that nothing is installed on."""
    return click.option(
        "--key",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        help="Log in to hosts at level audit with this private key, instead of the inventory's.",
    )(command)


def engine_option(command: Command) -> Command:
    """Add `--engine`."""
    return click.option(
        "--engine",
        type=click.Choice(["auto", "pulumi", "embedded"]),
        default="auto",
        show_default=True,
        help="auto takes the official Pulumi CLI when it is on PATH.",
    )(command)


def label_option(help_text: str, *, default: str | None = None) -> Callable[[Command], Command]:
    """Add `--label`: the name of runs of audits."""
    return click.option(
        "--label",
        callback=check_label,
        default=default,
        show_default=default is not None,
        metavar="WORD",
        help=help_text,
    )


def parsed_by(
    read: Callable[[str], Value],
) -> Callable[[click.Context, click.Parameter, str], Value]:
    """Return a callback that reads an option; a ValueError says what was expected."""

    def parse(ctx: click.Context, parameter: click.Parameter, text: str) -> Value:
        try:
            return read(text)
        except ValueError as error:
            raise click.BadParameter(str(error)) from None

    return parse


def check_label(ctx: click.Context, parameter: click.Parameter, label: str | None) -> str | None:
    """Refuse a label that could not be part of a file's name."""
    if label is not None and not re.fullmatch(LABEL, label):
        raise click.BadParameter(f"{label!r}: expected letters, digits, `.`, `_` and `-`, up to 64")
    return label
