"""The options that say how a device is polled over SNMP."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar, get_args

import click

from inventory.scalars import AuthProtocol, PrivProtocol

Command = TypeVar("Command", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class AccessOptions:
    """What the command line says of the access; None is the inventory's, or the estate's."""

    port: int | None
    version: str | None
    community: str | None
    user: str | None
    auth: str | None
    auth_protocol: str | None
    priv: str | None
    priv_protocol: str | None

    @property
    def access(self) -> dict[str, str]:
        """The keys of `snmp` that were given; a community alone means version 2c."""
        names = ("community", "user", "auth", "auth_protocol", "priv", "priv_protocol")
        keys = {name: value for name in names if (value := getattr(self, name)) is not None}
        version = self.version or ("2c" if self.community else None)
        return keys | ({"version": version} if version else {})


def access_options(command: Command) -> Command:
    """Add the options of an access; they reach the command as one `options`."""

    def with_access(**others: Any) -> Any:
        values = {name: others.pop(name) for name in AccessOptions.__annotations__}
        return command(options=AccessOptions(**values), **others)

    with_access.__doc__, with_access.__name__ = command.__doc__, command.__name__
    wrapped: Any = with_access
    if hasattr(command, "__click_params__"):
        wrapped.__click_params__ = command.__click_params__
    for option in reversed(OPTIONS):
        wrapped = option(wrapped)
    result: Command = wrapped
    return result


def _reference(name: str, what: str) -> Callable[[Any], Any]:
    return click.option(
        f"--{name}", metavar="REF", help=f"{what}: env:NAME, file:/PATH or vault:FILE#KEY."
    )


OPTIONS = (
    click.option("--port", type=click.IntRange(1, 65535), help="UDP port.  [default: 161]"),
    click.option("--version", type=click.Choice(["1", "2c", "3"]), help="SNMP version."),
    _reference("community", "The community of versions 1 and 2c"),
    click.option("--user", help="User of version 3."),
    _reference("auth", "The authentication passphrase"),
    click.option(
        "--auth-protocol",
        type=click.Choice(get_args(AuthProtocol)),
        help="How answers are signed.",
    ),
    _reference("priv", "The privacy passphrase"),
    click.option(
        "--priv-protocol",
        type=click.Choice(get_args(PrivProtocol)),
        help="How answers are encrypted.",
    ),
)
