"""The way into a host over SSH, and commands run there: the only module here that knows paramiko.

A host key is never taken on trust: the server has to prove the one that the inventory names. One
login is tried and no more, since a fail2ban must not ban the administrator's machine. Nothing of
this raises for what a server does: failures are values.
"""

import base64
import errno
import hashlib
import logging
import os
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from select import select
from threading import Thread
from types import TracebackType
from typing import NoReturn

import paramiko

from inventory.connections import Connection
from inventory.secrets import SecretError
from monitors.local_process import LocalProcess
from monitors.remote_command import LINGER_SECONDS, Limits, Process, Ran, converse, plan
from monitors.ssh_failures import Kind, SshError, SshFailure
from monitors.text import escaped_line

__all__ = [
    "Greeting",
    "Kind",
    "Limits",
    "Ran",
    "Session",
    "SshFailure",
    "Way",
    "connect",
    "greeting",
    "proved_host_key",
]

CONNECT_SECONDS = 10.0
CHUNK_BYTES = 65536
# What all outputs of a session may come to, with its key exchanges: a flood ends there.
MAX_RECEIVED_BYTES = 32 << 20
# A server's version line, and its half of one key exchange (RFC 4253, 6.1).
MAX_GREETING_BYTES = 1 << 16
LONGEST_VERSION = 100
MAX_JUMPS = 5
FINGERPRINT = "SHA256:"
KINDS = ("ssh-ed25519", "ecdsa-sha2-nistp256", "ssh-rsa")
# The signature algorithms of a kind of key, where they are called differently (RFC 8332).
ALGORITHMS = {"ssh-rsa": ("rsa-sha2-512", "rsa-sha2-256")}
PUBLICKEY = "publickey"
FORBIDDEN = 1  # SSH_OPEN_ADMINISTRATIVELY_PROHIBITED (RFC 4254, 5.1)

Resolve = Callable[[str], str]

# A failure is reported once, as a value; without a handler paramiko's traces go to stderr as well.
logging.getLogger("paramiko").addHandler(logging.NullHandler())


@dataclass(frozen=True, slots=True)
class Way:
    """How patient and how trusting a connection is.

    `connect_seconds` is for each machine on the way. `agent_keys` are the public keys that the
    user is known to log in with: of ssh-agent's keys, one of these is offered.
    """

    connect_seconds: float = CONNECT_SECONDS
    received_bytes: int = MAX_RECEIVED_BYTES
    agent_keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Greeting:
    """What an SSH server shows before a login: its version, fit to be shown, and its proved key.

    `host_key` is None when no key exchange came about; `problem` says why.
    """

    version: str
    host_key: str | None
    problem: str = ""


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
        self, command: str, stdin: bytes = b"", limits: Limits = TYPICAL, *, root: bool = True
    ) -> Ran | SshFailure:
        """Run a command with /bin/sh, as root unless told otherwise, and return what it did.

        `command` shows in the host's process list and sudo's log; `stdin` does not.
        """
        try:
            planned = plan(self._connection, command, self._password, root)
            return converse(self.start, planned, stdin, limits)
        except Exception as error:  # noqa: BLE001 (paramiko hands on whatever a server provokes)
            return _error(error, self._connection, jumped=False).failure

    def host_keys(self) -> tuple[str, ...]:
        """Return the key that each machine on the way proved to hold, the host's last."""
        return tuple(_line(transport.get_remote_server_key()) for transport in self._transports)

    def start(self, line: str) -> Process:
        """Start a line with the login shell, as it stands, for a caller that reads it itself.

        For a forced command, which puts itself in the line's place. Raises SshError.
        """
        if not self._transports:
            return LocalProcess(line)
        try:
            return _Channel(self._transports[-1], self._connection, line)
        except Exception as error:  # noqa: BLE001 (paramiko hands on whatever a server provokes)
            raise _error(error, self._connection, jumped=False) from None

    def close(self) -> None:
        """Log out, at the host first."""
        _close(self._transports)

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
        transports = [] if connection.local else _walk(_hops(connection), way)
    except SshError as error:
        return error.failure
    return Session(connection, transports, password)


def proved_host_key(connection: Connection, way: Way = DEFAULT) -> str | SshFailure:
    """Return the host key that a host proves to hold, `ssh-ed25519 AAAA…`; it is not logged in to.

    Jump hosts on the way are logged in to, and have to hold the keys that are declared for them.
    """
    *jumps, last = _hops(connection)
    transports: list[paramiko.Transport] = []
    try:
        transports = _walk(jumps, way)
        transports.append(_negotiate(last, transports[-1] if transports else None, way))
        return _line(transports[-1].get_remote_server_key())
    except Exception as error:  # noqa: BLE001 (whatever a strange server provokes)
        return _error(error, last, jumped=bool(jumps)).failure
    finally:
        _close(transports)


def greeting(link: socket.socket, wanted: str | None, seconds: float) -> Greeting:
    """Return what a server shows over a connection; nobody logs in. The connection stays open.

    `wanted`: the host key that is expected, of whose kind the server is asked for one.
    """
    own = _Socket(fileno=os.dup(link.fileno()))
    own.most = MAX_GREETING_BYTES
    transport = paramiko.Transport(own)
    try:
        _start(transport, wanted, seconds)
        return Greeting(_version(transport), _line(transport.get_remote_server_key()))
    except Exception as error:  # noqa: BLE001 (whatever a strange server provokes)
        said = "no answer in time" if isinstance(error, TimeoutError) else str(error)
        problem = escaped_line(said or "it ended the connection")
        return Greeting(_version(transport), None, problem)
    finally:
        transport.close()


def _version(transport: paramiko.Transport) -> str:
    return escaped_line(transport.remote_version.removeprefix("SSH-2.0-")[:LONGEST_VERSION])


def _walk(hops: Sequence[Connection], way: Way) -> list[paramiko.Transport]:
    """Log in to one machine through the one before; SshError says which of them failed, and why."""
    transports: list[paramiko.Transport] = []
    for hop in hops:
        before = transports[-1] if transports else None
        try:
            transports.append(_negotiate(hop, before, way))
            _check_host_key(transports[-1], hop)
            _log_in(transports[-1], hop, way)
        except Exception as error:  # noqa: BLE001 (whatever a strange server provokes)
            _close(transports)
            raise _error(error, hop, jumped=before is not None) from None
    return transports


def _close(transports: Sequence[paramiko.Transport]) -> None:
    for transport in reversed(transports):
        transport.close()


def fingerprint(key: str) -> str:
    """Return the fingerprint of a public key's line as `ssh-keygen -l` writes it; its own is."""
    if key.startswith(FINGERPRINT):
        return key
    digest = hashlib.sha256(base64.b64decode(key.split()[1], validate=True)).digest()
    return f"{FINGERPRINT}{base64.b64encode(digest).decode().rstrip('=')}"


def _password(connection: Connection, resolve: Resolve) -> str | None:
    if connection.sudo != "password" or not connection.sudo_password:
        return None
    try:
        return resolve(connection.sudo_password)
    except SecretError as error:
        raise SshError(Kind.SECRET, connection.name, str(error)) from None


def _hops(connection: Connection) -> list[Connection]:
    """Return the machines on the way, the host last."""
    hops = [connection]
    while hops[0].jump and len(hops) <= MAX_JUMPS:
        hops.insert(0, hops[0].jump)
    return hops


class _Socket(socket.socket):
    """A connection that acknowledges at once, sends at once, and takes so much and no more.

    Both ends wait for each other some 40 ms otherwise: the server holds a small packet back until
    the last one is acknowledged (RFC 896), and acknowledgements are delayed (RFC 1122, 4.2.3.2).
    """

    taken = 0
    most = MAX_RECEIVED_BYTES

    def recv(self, size: int, flags: int = 0, /) -> bytes:
        data = super().recv(size, flags)
        self.taken += len(data)
        if self.taken > self.most:
            raise OSError(errno.EMSGSIZE, f"more than {self.most} bytes came")
        self.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        return data


def _negotiate(hop: Connection, before: paramiko.Transport | None, way: Way) -> paramiko.Transport:
    """Connect and exchange keys: after it the server has proved to hold some host key."""
    link = _socket(hop, way) if before is None else _through(before, hop, way)
    transport = paramiko.Transport(link)
    try:
        _start(transport, hop.host_key, way.connect_seconds)
    except (paramiko.SSHException, OSError, EOFError):
        transport.close()
        raise
    return transport


def _start(transport: paramiko.Transport, wanted: str | None, seconds: float) -> None:
    """Exchange keys; TimeoutError, SSHException, OSError or EOFError when that fails."""
    transport.banner_timeout = transport.auth_timeout = seconds
    transport.get_security_options().key_types = tuple(_algorithms(wanted))
    try:
        # It returns without a word when the time is up.
        transport.start_client(timeout=seconds)
        transport.get_remote_server_key()
    except paramiko.SSHException as error:
        raise TimeoutError if "No existing session" in str(error) else error from None


def _socket(hop: Connection, way: Way) -> _Socket:
    plain = socket.create_connection((hop.address, hop.port), way.connect_seconds)
    link = _Socket(fileno=plain.detach())
    link.most = way.received_bytes
    link.settimeout(way.connect_seconds)
    link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return link


def _through(before: paramiko.Transport, hop: Connection, way: Way) -> paramiko.Channel:
    return before.open_channel(
        "direct-tcpip",
        dest_addr=(hop.address, hop.port),
        src_addr=("127.0.0.1", 0),
        timeout=way.connect_seconds,
    )


def _algorithms(pinned: str | None) -> Iterator[str]:
    """Yield what a server may sign with: the pinned key's kind first, so that it is shown."""
    first = pinned.split()[0] if pinned else KINDS[0]
    for kind in sorted(KINDS, key=lambda kind: kind != first):
        yield from ALGORITHMS.get(kind, (kind,))


def _check_host_key(transport: paramiko.Transport, hop: Connection) -> None:
    shown = transport.get_remote_server_key()
    line = _line(shown)
    if hop.host_key is None:
        raise SshError(
            Kind.HOST_KEY_UNKNOWN,
            hop.name,
            f"unknown host key: {hop.place} shows {shown.get_name()} {shown.fingerprint}, the "
            "inventory names none; compare it on the host's own console "
            "(`ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub`), then write it as `host_key:`",
            shown_key=line,
        )
    if hop.host_key.startswith(FINGERPRINT):
        _check_fingerprint(hop.host_key, line, hop)
    elif hop.host_key.split()[:2] != line.split():
        raise SshError(
            Kind.HOST_KEY_CHANGED,
            hop.name,
            f"host key changed: expected {hop.host_key.split()[0]} "
            f"{fingerprint(hop.host_key)}, found {shown.get_name()} {shown.fingerprint} at "
            f"{hop.place}; find out why before anything else, then run `bastide infra refresh` or "
            "mend `host_key:` if the host was rebuilt",
            shown_key=line,
        )


def _check_fingerprint(compared: str, line: str, hop: Connection) -> None:
    if fingerprint(line) != compared:
        raise SshError(
            Kind.HOST_KEY_CHANGED,
            hop.name,
            f"another host key: expected {compared}, found {line.split()[0]} {fingerprint(line)} "
            f"at {hop.place}; find out what answers at this address before anything else; nothing "
            "was sent to it",
            shown_key=line,
        )


def _log_in(transport: paramiko.Transport, hop: Connection, way: Way) -> None:
    key, where = _key(hop, way)
    offered = _line(key)
    try:
        missing = transport.auth_publickey(hop.user, key)
    except paramiko.AuthenticationException as error:
        if "timeout" in str(error).lower():
            raise TimeoutError from None
        taken = ", ".join(getattr(error, "allowed_types", ()))
        but = f"; it takes {taken} only" if taken and PUBLICKEY not in taken else ""
        raise SshError(
            Kind.LOGIN_REFUSED,
            hop.name,
            f"login refused: expected {hop.place} to take the key {key.fingerprint} ({where}), "
            f"found that it does not{but}; add its public half to ~{hop.user}/.ssh/authorized_keys "
            "there; one attempt was made and no more",
            offered_key=offered,
        ) from None
    if missing:
        raise SshError(
            Kind.LOGIN_INCOMPLETE,
            hop.name,
            f"login incomplete: expected {hop.place} to let {hop.user} in by key, found that it "
            f"asks for more ({', '.join(missing)}); exempt this account from the second factor",
            offered_key=offered,
        )


def _key(hop: Connection, way: Way) -> tuple[paramiko.PKey, str]:
    """Return the one key that is offered, and where it is from in words."""
    if hop.key is None:
        return _from_agent(hop, way.agent_keys)
    try:
        return paramiko.PKey.from_path(hop.key), str(hop.key)
    except FileNotFoundError:
        problem, do = "found no such file", "run `bastide up`, or say `key:` under `ssh:`"
    except OSError as error:
        problem, do = f"found {error.strerror}", "run this as the user who may read it"
    except Exception as error:  # noqa: BLE001 (each kind of file has errors of its own)
        if public := _read(hop.key.with_name(f"{hop.key.name}.pub")):
            # A key with a passphrase is used through ssh-agent, as OpenSSH does.
            return _from_agent(hop, (public,))
        problem = f"found {error}"
        do = "a key with a passphrase is used through ssh-agent (`ssh-add`, `key: agent`)"
    raise SshError(
        Kind.KEY_UNUSABLE, hop.name, f"expected a private key in {hop.key}, {problem}; {do}"
    )


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""


def _from_agent(hop: Connection, declared: Sequence[str]) -> tuple[paramiko.PKey, str]:
    """Return the agent's key whose public half is declared, else its first."""
    try:
        keys = paramiko.Agent().get_keys()
    except (paramiko.SSHException, OSError) as error:
        _no_agent_key(hop, str(error))
    wanted = {tuple(line.split()[:2]) for line in declared}
    matching = [key for key in keys if tuple(_line(key).split()) in wanted]
    if matching:
        return matching[0], "ssh-agent, declared"
    if not keys:
        _no_agent_key(hop, "no agent, or one without keys")
    return keys[0], f"the first of {len(keys)} in ssh-agent"


def _no_agent_key(hop: Connection, found: str) -> NoReturn:
    raise SshError(
        Kind.KEY_UNUSABLE,
        hop.name,
        f"expected a key in ssh-agent for {hop.place}, found {found}; run `ssh-add`, and `bastide` "
        "with the same SSH_AUTH_SOCK",
    )


def _line(key: paramiko.PKey) -> str:
    return f"{key.get_name()} {key.get_base64()}"


class _Channel:
    """A command line that a host's login shell runs."""

    def __init__(self, transport: paramiko.Transport, connection: Connection, line: str) -> None:
        """Ask for it; SshError when the host wants to run nothing."""
        self._transport, self._connection = transport, connection
        self._ended: float | None = None
        self._channel = transport.open_session(timeout=CONNECT_SECONDS)
        try:
            self._channel.settimeout(CONNECT_SECONDS)
            self._channel.exec_command(line)
            self._channel.settimeout(None)
            self._readable = self._channel.fileno()
        except BaseException:
            self._channel.close()
            raise

    def send(self, data: bytes, *, last: bool) -> None:
        """Hand over input; a thread sends it, since the command may not read it for a while."""
        Thread(target=self._send, args=(data, last), daemon=True).start()

    def _send(self, data: bytes, last: bool) -> None:
        with suppress(OSError, EOFError, paramiko.SSHException):
            self._channel.sendall(data)
            if last:
                self._channel.shutdown_write()

    def read(self, seconds: float) -> tuple[bytes, bytes] | None:
        """Return what came on both outputs; None when the command is over."""
        channel = self._channel
        if not self._ready() and not self._over():
            if channel.eof_received:
                channel.status_event.wait(min(seconds, 0.1))
            else:
                wait = LINGER_SECONDS if channel.exit_status_ready() else 1.0
                select([self._readable], (), (), min(seconds, wait))
        if not self._ready() and self._over():
            return None
        out = channel.recv(CHUNK_BYTES) if channel.recv_ready() else b""
        err = channel.recv_stderr(CHUNK_BYTES) if channel.recv_stderr_ready() else b""
        return out, err

    def _ready(self) -> bool:
        return self._channel.recv_ready() or self._channel.recv_stderr_ready()

    def _over(self) -> bool:
        """Whether it ended, and nobody that it left behind is waited for any longer."""
        channel = self._channel
        if channel.closed or not self._transport.is_active():
            return True
        if not channel.exit_status_ready():
            return False
        self._ended = self._ended or time.monotonic()
        return bool(channel.eof_received) or time.monotonic() - self._ended > LINGER_SECONDS

    def status(self) -> int | None:
        """Return the exit status, None after a signal; SshError when the connection broke."""
        status = self._channel.exit_status
        if status >= 0:
            return status
        if not self._transport.is_active():
            error = self._transport.get_exception()
            why = str(error) if error and str(error) else "it ended the connection"
            raise SshError(
                Kind.CUT_OFF,
                self._connection.name,
                f"connection cut off: expected the command's end, found: {why}; is "
                f"{self._connection.place} still up? (`journalctl -u ssh` there)",
            )
        return None

    def stop(self) -> None:
        """Leave it."""
        self._channel.close()


def _error(error: Exception, hop: Connection, *, jumped: bool) -> SshError:
    """Return what happened on the way to a machine, one sentence a kind of failure."""
    if isinstance(error, SshError):
        return error
    if isinstance(error, paramiko.ChannelException) and jumped:
        return _not_forwarded(error, hop)
    if isinstance(error, TimeoutError) or "imeout" in str(error):
        return SshError(
            Kind.TIMEOUT,
            hop.name,
            f"timeout: {hop.place} did not answer in time; is it up and reachable?",
        )
    if isinstance(error, OSError):
        return SshError(
            Kind.UNREACHABLE,
            hop.name,
            f"unreachable: {hop.place}: {error.strerror or error}; is it up, and is this its port?",
        )
    said = str(error) or "it ended the connection"
    return SshError(
        Kind.NO_SSH,
        hop.name,
        f"SSH with {hop.place} failed: {said}; look at its `journalctl -u ssh`",
    )


def _not_forwarded(error: paramiko.ChannelException, hop: Connection) -> SshError:
    jump = hop.jump.place if hop.jump else "the jump host"
    if error.code == FORBIDDEN:
        return SshError(
            Kind.FORWARDING_REFUSED,
            hop.name,
            f"expected {jump} to forward to {hop.address} port {hop.port}, found that it forbids "
            "it; allow `AllowTcpForwarding local` for that account there",
        )
    return SshError(
        Kind.UNREACHABLE,
        hop.name,
        f"unreachable: {jump} cannot reach {hop.address} port {hop.port} ({error.text}); is the "
        "host up, and is this its port?",
    )
