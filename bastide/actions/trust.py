"""A host key that nobody has declared: shown for comparison, never taken on trust."""

import re
import sys
from dataclasses import replace

import click

from bastide.support.errors import CommandError, Exit
from inventory.connections import Connection
from monitors.ssh.failures import SshFailure
from monitors.ssh.host_keys import fingerprint
from monitors.ssh.session import proved_host_key

FINGERPRINT = re.compile(r"SHA256:[A-Za-z0-9+/]{43}")
CONSOLE = "for f in /etc/ssh/ssh_host_*_key.pub; do ssh-keygen -lf $f; done"


def trusted(connection: Connection, declared: str | None, option: str) -> Connection:
    """Return a connection with the host key, or its fingerprint, that somebody has vouched for.

    `declared` is what was given by `option`: a key or a fingerprint, which the login is held to.
    Without it a person at the terminal compares; without a terminal it is refused. CommandError
    says what to do.
    """
    if declared is not None:
        compared = FINGERPRINT.fullmatch(declared) is not None
        return replace(connection, host_key=declared if compared else _key(declared, option))
    shown = proved_host_key(connection)
    if isinstance(shown, SshFailure):
        raise CommandError(f"{connection.name}: {shown.problem}", Exit.COULD_NOT_CHECK)
    digest = fingerprint(shown)
    _compare(connection, f"{shown.split()[0]} {digest}", digest, option)
    return replace(connection, host_key=shown)


def _key(declared: str, option: str) -> str:
    line = " ".join(declared.split()[:2])
    if mistake := _mistake(line):
        raise CommandError(
            f"{option}: {mistake}\n    expected: SHA256:… as `ssh-keygen -l` prints it, or a line "
            "such as ssh-ed25519 AAAA…\n    do: read it on the host's own console",
            Exit.WRONG_USE,
        )
    return line


def _mistake(line: str) -> str:
    if " " not in line:
        return "neither a key nor a whole fingerprint"
    try:
        fingerprint(line)
    except ValueError as error:
        return str(error)
    return ""


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
