"""A login at a host, and the commands that run there.

A host key is never taken on trust: the server has to prove the one that the inventory names. One
login is tried and no more, since a fail2ban must not ban the administrator's machine. Nothing of
this raises for what a server does: failures are values.
"""

from collections.abc import Callable, Sequence
from types import TracebackType

import paramiko

from inventory.connections import Connection
from inventory.secrets import SecretError
from monitors.ssh.channel import Channel
from monitors.ssh.explain import explain
from monitors.ssh.failures import Kind, SshError, SshFailure
from monitors.ssh.host_keys import line_of
from monitors.ssh.local_process import LocalProcess
from monitors.ssh.remote_command import (
    Limits,
    Process,
    Ran,
    Told,
    converse,
    plan,
    unheard,
)
from monitors.ssh.transport import Way, close, hops, negotiate, walk

Resolve = Callable[[str], str]

DEFAULT = Way()
TYPICAL = Limits()


class Session:
    """A login at a host, or this machine for `local`; run commands, then close it."""

    def __init__(
        self, connection: Connection, transports: Sequence[paramiko.Transport], password: str | None
    ) -> None:
        """Take the transports from here to the host; none for this machine."""
        self._connection, self._transports = connection, transports
        self._password = password

    def run(
        self,
        command: str,
        stdin: bytes = b"",
        limits: Limits = TYPICAL,
        *,
        root: bool = True,
        told: Told = unheard,
    ) -> Ran | SshFailure:
        """Run a command with /bin/sh, as root unless told otherwise, and return what it did.

        `command` shows in the host's process list and sudo's log; `stdin` does not. `told` is given
        what the command says on its standard error as it comes, in pieces of any length.
        """
        try:
            planned = plan(self._connection, command, self._password, root)
            return converse(self.start, planned, stdin, limits, told)
        except Exception as error:  # noqa: BLE001 (paramiko hands on whatever a server provokes)
            return explain(error, self._connection, jumped=False).failure

    def host_keys(self) -> tuple[str, ...]:
        """Return the key that each machine on the way proved to hold, the host's last."""
        return tuple(line_of(transport.get_remote_server_key()) for transport in self._transports)

    def start(self, line: str) -> Process:
        """Start a line with the login shell, as it stands, for a caller that reads it itself.

        For a forced command, which puts itself in the line's place. Raises SshError.
        """
        if not self._transports:
            return LocalProcess(line)
        try:
            return Channel(self._transports[-1], self._connection, line)
        except Exception as error:  # noqa: BLE001 (paramiko hands on whatever a server provokes)
            raise explain(error, self._connection, jumped=False) from None

    def close(self) -> None:
        """Log out, at the host first."""
        close(self._transports)

    def __enter__(self) -> "Session":
        """Return the session."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Log out."""
        self.close()


def connect(connection: Connection, resolve: Resolve, way: Way = DEFAULT) -> Session | SshFailure:
    """Log in to a host, through its jump hosts; return the session, or why there is none.

    `resolve` returns the secret behind a reference, or raises SecretError.
    """
    try:
        password = _password(connection, resolve)
        transports = [] if connection.local else walk(hops(connection), way)
    except SshError as error:
        return error.failure
    return Session(connection, transports, password)


def proved_host_key(connection: Connection, way: Way = DEFAULT) -> str | SshFailure:
    """Return the host key that a host proves to hold, `ssh-ed25519 AAAA…`; it is not logged in to.

    Jump hosts on the way are logged in to, and have to hold the keys that are declared for them.
    """
    *jumps, last = hops(connection)
    transports: list[paramiko.Transport] = []
    try:
        transports = walk(jumps, way)
        transports.append(negotiate(last, transports[-1] if transports else None, way))
        return line_of(transports[-1].get_remote_server_key())
    except Exception as error:  # noqa: BLE001 (whatever a strange server provokes)
        return explain(error, last, jumped=bool(jumps)).failure
    finally:
        close(transports)


def _password(connection: Connection, resolve: Resolve) -> str | None:
    if connection.sudo != "password" or not connection.sudo_password:
        return None
    try:
        return resolve(connection.sudo_password)
    except SecretError as error:
        raise SshError(Kind.SECRET, connection.name, str(error)) from None
