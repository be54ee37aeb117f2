"""Connections to one machine after another, each with its key exchange and login."""

import errno
import logging
import socket
from collections.abc import Sequence
from dataclasses import dataclass

import paramiko

from inventory.connections import Connection
from monitors.ssh.explain import explain
from monitors.ssh.host_keys import algorithms, check_host_key
from monitors.ssh.login import log_in

# A failure is reported once, as a value; without a handler paramiko's traces go to stderr as well.
logging.getLogger("paramiko").addHandler(logging.NullHandler())

CONNECT_SECONDS = 10.0
# What all outputs of a session may come to, with its key exchanges: a flood ends there.
MAX_RECEIVED_BYTES = 32 << 20
MAX_JUMPS = 5
# What is silent is asked after so many seconds, so often, before the connection is taken for lost:
# a command that runs for hours may say nothing for long.
KEEP_ALIVE = {socket.TCP_KEEPIDLE: 30, socket.TCP_KEEPINTVL: 10, socket.TCP_KEEPCNT: 6}


@dataclass(frozen=True, slots=True)
class Way:
    """How patient and how trusting a connection is.

    `connect_seconds` is for each machine on the way. `agent_keys` are the public keys that the
    user is known to log in with: of ssh-agent's keys, one of these is offered.
    """

    connect_seconds: float = CONNECT_SECONDS
    received_bytes: int = MAX_RECEIVED_BYTES
    agent_keys: tuple[str, ...] = ()


class Socket(socket.socket):
    """A connection that acknowledges at once, sends at once, and takes so much and no more.

    Both ends wait for each other some 40 ms otherwise: the server holds a small packet back until
    the last one is acknowledged (RFC 896), and acknowledgements are delayed (RFC 1122, 4.2.3.2).
    """

    taken = 0
    most = MAX_RECEIVED_BYTES

    def recv(self, size: int, flags: int = 0, /) -> bytes:
        """Receive, and acknowledge at once; OSError when too much has come."""
        data = super().recv(size, flags)
        self.taken += len(data)
        if self.taken > self.most:
            raise OSError(errno.EMSGSIZE, f"more than {self.most} bytes came")
        self.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        return data


def walk(hops: Sequence[Connection], way: Way) -> list[paramiko.Transport]:
    """Log in to one machine through the one before; SshError says which of them failed, and why."""
    transports: list[paramiko.Transport] = []
    for hop in hops:
        before = transports[-1] if transports else None
        try:
            transports.append(negotiate(hop, before, way))
            check_host_key(transports[-1], hop)
            log_in(transports[-1], hop, way.agent_keys)
        except Exception as error:  # noqa: BLE001 (whatever a strange server provokes)
            close(transports)
            raise explain(error, hop, jumped=before is not None) from None
    return transports


def hops(connection: Connection) -> list[Connection]:
    """Return the machines on the way, the host last."""
    hops = [connection]
    while hops[0].jump and len(hops) <= MAX_JUMPS:
        hops.insert(0, hops[0].jump)
    return hops


def negotiate(hop: Connection, before: paramiko.Transport | None, way: Way) -> paramiko.Transport:
    """Connect and exchange keys: after it the server has proved to hold some host key."""
    link = _socket(hop, way) if before is None else _through(before, hop, way)
    transport = paramiko.Transport(link)
    try:
        start(transport, hop.host_key, way.connect_seconds)
    except (paramiko.SSHException, OSError, EOFError):
        transport.close()
        raise
    return transport


def start(transport: paramiko.Transport, wanted: str | None, seconds: float) -> None:
    """Exchange keys; TimeoutError, SSHException, OSError or EOFError when that fails."""
    transport.auth_timeout = seconds
    # Longer than all: a host that hangs is a timeout, and not whichever of two clocks ends first.
    transport.banner_timeout = 2 * seconds
    transport.get_security_options().key_types = tuple(algorithms(wanted))
    try:
        # It returns without a word when the time is up.
        transport.start_client(timeout=seconds)
        transport.get_remote_server_key()
    except paramiko.SSHException as error:
        raise TimeoutError if "No existing session" in str(error) else error from None


def _socket(hop: Connection, way: Way) -> Socket:
    plain = socket.create_connection((hop.address, hop.port), way.connect_seconds)
    link = Socket(fileno=plain.detach())
    link.most = way.received_bytes
    link.settimeout(way.connect_seconds)
    link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    link.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in KEEP_ALIVE.items():
        link.setsockopt(socket.IPPROTO_TCP, option, value)
    return link


def _through(before: paramiko.Transport, hop: Connection, way: Way) -> paramiko.Channel:
    return before.open_channel(
        "direct-tcpip",
        dest_addr=(hop.address, hop.port),
        src_addr=("127.0.0.1", 0),
        timeout=way.connect_seconds,
    )


def close(transports: Sequence[paramiko.Transport]) -> None:
    """Log out of every machine on the way, the host first."""
    for transport in reversed(transports):
        transport.close()
