"""What an SSH server shows to anybody, before a login."""

import errno
import os
import socket
from dataclasses import dataclass
from typing import Any

import paramiko

from monitors.ssh.host_keys import line_of
from monitors.ssh.transport import Socket, start
from monitors.text import escaped_line

# A server's version line, and its half of one key exchange (RFC 4253, 6.1).
MAX_GREETING_BYTES = 1 << 16
LONGEST_VERSION = 100


@dataclass(frozen=True, slots=True)
class Greeting:
    """What an SSH server shows before a login: its version, fit to be shown, and its proved key.

    `host_key` is None when no key exchange came about; `problem` says why.
    """

    version: str
    host_key: str | None
    problem: str = ""


Link = socket.socket | paramiko.Channel
"""A connection of this machine's, or one that a jump host has made for it."""


def greeting(link: Link, wanted: str | None, seconds: float) -> Greeting:
    """Return what a server shows over a connection, which stays the caller's; nobody logs in.

    `wanted`: the host key that is expected, of whose kind the server is asked for one.
    """
    transport = paramiko.Transport(limited(link))  # type: ignore[arg-type]
    try:
        start(transport, wanted, seconds)
        return Greeting(version_of(transport), line_of(transport.get_remote_server_key()))
    except Exception as error:  # noqa: BLE001 (whatever a strange server provokes)
        said = "no answer in time" if isinstance(error, TimeoutError) else str(error)
        problem = escaped_line(said or "it ended the connection")
        return Greeting(version_of(transport), None, problem)
    finally:
        transport.close()


class _Forwarded:
    """A jump host's connection that takes so much and no more."""

    def __init__(self, channel: paramiko.Channel) -> None:
        self._channel, self._taken = channel, 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._channel, name)

    def recv(self, size: int) -> bytes:
        data = self._channel.recv(size)
        self._taken += len(data)
        if self._taken > MAX_GREETING_BYTES:
            raise OSError(errno.EMSGSIZE, f"more than {MAX_GREETING_BYTES} bytes came")
        return data


def limited(link: Link) -> Socket | _Forwarded:
    """Return a connection that takes what comes before a login and no more."""
    if isinstance(link, paramiko.Channel):
        return _Forwarded(link)
    own = Socket(fileno=os.dup(link.fileno()))
    own.most = MAX_GREETING_BYTES
    return own


def version_of(transport: paramiko.Transport) -> str:
    """Return the version that a server calls itself, fit to be shown."""
    return escaped_line(transport.remote_version.removeprefix("SSH-2.0-")[:LONGEST_VERSION])
