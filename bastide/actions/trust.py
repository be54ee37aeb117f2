"""A host key that nobody has declared: shown for comparison, never taken on trust."""

import re
import sys
from dataclasses import replace

import click

from bastide.support.errors import CommandError, Exit
from inventory.connections import Connection
from monitors.ssh import SshFailure, fingerprint, proved_host_key

FINGERPRINT = re.compile(r"SHA256:[A-Za-z0-9+/]{43}")
CONSOLE = "for f in /etc/ssh/ssh_host_*_key.pub; do ssh-keygen -lf $f; done"


def trusted(connection: Connection, declared: str | None, option: str) -> Connection:
    """Return a connection with the host key that the server proved, once somebody vouched for it.

    `declared` is what was given by `option`: a key or a fingerprint. Without it a person at the
    terminal compares; without a terminal it is refused. CommandError says what to do.
    """
    if declared is not None and not FINGERPRINT.fullmatch(declared):
        return replace(connection, host_key=_key(declared, option))
    shown = proved_host_key(connection)
    if isinstance(shown, SshFailure):
        raise CommandError(f"{connection.name}: {shown.problem}", Exit.COULD_NOT_CHECK)
    digest = fingerprint(shown)
    if declared is not None and declared != digest:
        raise CommandError(
            f"{connection.place} shows another host key\n    expected: {declared}, given by "
            f"{option}\n    found: {shown.split()[0]} {digest}\n    do: find out what answers at "
            "this address before anything else; nothing was sent to it",
            Exit.COULD_NOT_CHECK,
        )
    if declared is None:
        _compare(connection, f"{shown.split()[0]} {digest}", digest, option)
    return replace(connection, host_key=shown)


def _key(declared: str, option: str) -> str:
    line = " ".join(declared.split()[:2])
    try:
        fingerprint(line)
    except ValueError as error:
        raise CommandError(
            f"{option}: {error}\n    expected: SHA256:… as `ssh-keygen -l` prints it, or a line "
            "such as ssh-ed25519 AAAA…\n    do: read it on the host's own console",
            Exit.WRONG_USE,
        ) from None
    return line


def _compare(connection: Connection, shown: str, digest: str, option: str) -> None:
    text = (
        f"{connection.place} shows the host key\n    {shown}\n"
        f"Compare it on the host's own console:\n    {CONSOLE}"
    )
    if not sys.stdin.isatty():
        raise CommandError(
            f"{text}\n    expected: somebody who compares it, or {option}\n    found: no terminal"
            f"\n    do: if it is the same, run this again with {option} {digest}",
            Exit.WRONG_USE,
        )
    click.echo(text, err=True)
    answer = click.prompt("The same? (yes, or paste the fingerprint)", default="no", err=True)
    if answer.strip() not in ("yes", digest):
        raise CommandError("not the same host key: nothing was sent to it", Exit.COULD_NOT_CHECK)
