"""One SSH exchange with a host: the audit key starts the collector, the bundle comes back.

The only module that knows paramiko. Host keys are strict: one that provisioning did not name
is refused. Every failure is a value, since one host must not stop the others.
"""

import errno
import logging
import socket
import time
from dataclasses import dataclass
from pathlib import Path

import paramiko

from monitors.audit.collect.bundle import (
    MAX_HEADER_BYTES,
    MAX_PACKED_BYTES,
    BundleError,
    expected_length,
    unframe,
)
from monitors.text import escaped_line

AUDIT_USER = "bastide-audit"
CONNECT_SECONDS = 10.0
# The collector's own limits a command are shorter: this ends an exchange that stalls.
EXCHANGE_SECONDS = 120.0
CHUNK_BYTES = 65536
# A bundle, the key exchange and some words on the error stream, each with room to spare.
MAX_RECEIVED_BYTES = 2 * MAX_PACKED_BYTES
CONFIGURE = "run `bastide playbook run configure`"

# A failure is reported once, as a value; without a handler paramiko's traces go to stderr as well.
logging.getLogger("paramiko").addHandler(logging.NullHandler())


@dataclass(frozen=True, slots=True)
class AuditTarget:
    """Where and how a host is asked."""

    name: str
    address: str
    port: int
    key: Path
    known_hosts: Path
    user: str = AUDIT_USER
    connect_seconds: float = CONNECT_SECONDS
    exchange_seconds: float = EXCHANGE_SECONDS


@dataclass(frozen=True, slots=True)
class FetchFailure:
    """Why no bundle came, and what to do about it, in words."""

    problem: str


class _SilentError(Exception):
    """The collector sent no byte of a bundle; the text is what it said instead."""


class _Socket(socket.socket):
    """A connection that acknowledges at once, sends at once, and takes so much and no more.

    Both ends wait for each other some 40 ms otherwise: the server holds a small packet back until
    the last one is acknowledged (RFC 896), and acknowledgements are delayed (RFC 1122, 4.2.3.2).
    """

    taken = 0

    def recv(self, size: int, flags: int = 0, /) -> bytes:
        data = super().recv(size, flags)
        self.taken += len(data)
        if self.taken > MAX_RECEIVED_BYTES:
            raise OSError(errno.EMSGSIZE, f"more than {MAX_RECEIVED_BYTES} bytes came")
        self.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        return data


def fetch(target: AuditTarget) -> bytes | FetchFailure:
    """Return the packed bundle of one host, or why there is none."""
    client = paramiko.SSHClient()
    client.set_missing_host_key_policy(paramiko.RejectPolicy())
    try:
        client.load_host_keys(str(target.known_hosts))
        _connect(client, target)
        return unframe(_receive(client, target))
    except BundleError as error:
        return FetchFailure(f"{target.name}: bad bundle: {error}")
    except Exception as error:  # noqa: BLE001 (paramiko hands on whatever a strange server provokes)
        return FetchFailure(f"{target.name}: {escaped_line(_explain(error, target))}")
    finally:
        client.close()


def _connect(client: paramiko.SSHClient, target: AuditTarget) -> None:
    key = paramiko.PKey.from_path(target.key)
    plain = socket.create_connection((target.address, target.port), target.connect_seconds)
    connection = _Socket(fileno=plain.detach())
    connection.settimeout(target.connect_seconds)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    client.connect(
        target.address,
        port=target.port,
        sock=connection,
        username=target.user,
        pkey=key,
        timeout=target.connect_seconds,
        banner_timeout=target.connect_seconds,
        auth_timeout=target.connect_seconds,
        allow_agent=False,
        look_for_keys=False,
    )


def _receive(client: paramiko.SSHClient, target: AuditTarget) -> bytes:
    """Read one framed bundle within the time and size limits."""
    transport = client.get_transport()
    if transport is None:
        raise EOFError
    deadline = time.monotonic() + target.exchange_seconds
    channel = transport.open_session(timeout=target.connect_seconds)
    channel.exec_command("bundle")
    received = bytearray()
    wanted: int | None = None
    while wanted is None or len(received) < wanted:
        channel.settimeout(max(0.01, deadline - time.monotonic()))
        chunk = channel.recv(CHUNK_BYTES)
        if not chunk:
            break
        received += chunk
        if wanted is None:
            wanted = expected_length(bytes(received[: MAX_HEADER_BYTES + 1]))
    if not received:
        raise transport.get_exception() or _SilentError(_stderr(channel))
    return bytes(received if wanted is None else received[:wanted])


def _stderr(channel: paramiko.Channel) -> str:
    channel.settimeout(1.0)
    try:
        said = channel.recv_stderr(400).decode("utf-8", "backslashreplace").strip()
    except TimeoutError:
        said = ""
    return said or "it closed the channel without a word"


def _explain(error: Exception, target: AuditTarget) -> str:
    """Return what happened and what to do next, one sentence a kind of failure."""
    where = f"{target.address} port {target.port}"
    if isinstance(error, paramiko.BadHostKeyException):
        return (
            f"host key changed: {where} shows {error.key.get_name()} {error.key.fingerprint}, "
            f"{target.known_hosts} names {error.expected_key.fingerprint}; find out why before "
            "anything else, then run `bastide infra refresh` if the host was rebuilt"
        )
    if isinstance(error, paramiko.AuthenticationException):
        return f"refused the key {target.key} for {target.user} at {where}; {CONFIGURE}"
    if isinstance(error, paramiko.SSHException) and "not found in known_hosts" in str(error):
        return (
            f"unknown host key: {target.known_hosts} has none for {where}; run "
            "`bastide infra up`, or put `host_key:` into the inventory of an existing host"
        )
    if isinstance(error, FileNotFoundError):
        return f"{error.filename} is not there; run `bastide up`"
    if isinstance(error, TimeoutError):
        return f"timeout: {where} did not answer in time; is the host up and reachable?"
    if isinstance(error, socket.gaierror | OSError):
        return f"unreachable: {where}: {error.strerror or error}; is the host up and reachable?"
    if isinstance(error, _SilentError):
        return f"the collector at {where} sent nothing: {error}; {CONFIGURE}"
    said = str(error) or "it ended the connection"
    return f"SSH with {where} failed: {said}; look at the host's `journalctl -u ssh`"
