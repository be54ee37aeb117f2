"""What an SSH server shows to anybody, before a login."""

import os
import socket
from dataclasses import dataclass

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


def greeting(link: socket.socket, wanted: str | None, seconds: float) -> Greeting:
    """Return what a server shows over a connection; nobody logs in. The connection stays open.

    `wanted`: the host key that is expected, of whose kind the server is asked for one.
    """
    own = Socket(fileno=os.dup(link.fileno()))
    own.most = MAX_GREETING_BYTES
    transport = paramiko.Transport(own)
    try:
        start(transport, wanted, seconds)
        return Greeting(_version(transport), line_of(transport.get_remote_server_key()))
    except Exception as error:  # noqa: BLE001 (whatever a strange server provokes)
        said = "no answer in time" if isinstance(error, TimeoutError) else str(error)
        problem = escaped_line(said or "it ended the connection")
        return Greeting(_version(transport), None, problem)
    finally:
        transport.close()


def _version(transport: paramiko.Transport) -> str:
    return escaped_line(transport.remote_version.removeprefix("SSH-2.0-")[:LONGEST_VERSION])
