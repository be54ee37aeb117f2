"""A login at network gear, with a password or a key of its own, and what it says there.

Such gear runs no shell of ours: a command's output, or a dialogue as on a console, is all there is.
"""

import io
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import paramiko

from inventory.connections import Connection
from monitors.ssh.explain import explain
from monitors.ssh.failures import Kind, SshError
from monitors.ssh.host_keys import check_host_key
from monitors.ssh.transport import Way, close, hops, negotiate, walk

CHUNK_BYTES = 65536
# Wide and high enough that hardly anything is wrapped or paged.
COLUMNS, ROWS = 511, 1000
TIMEOUT_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a device is logged in to with: a password, or the text of a private key."""

    password: str | None = field(default=None, repr=False)
    private_key: str | None = field(default=None, repr=False)


class Terminal:
    """A login at a device; one command or one dialogue, then it is closed."""

    def __init__(self, transports: Sequence[paramiko.Transport], connection: Connection) -> None:
        """Take the logins from here to the device."""
        self._transports, self._connection = transports, connection
        self._channel: paramiko.Channel | None = None

    def command(self, line: str) -> None:
        """Run a command without a terminal; raises SshError."""
        self._begin().exec_command(line)

    def dialogue(self) -> None:
        """Begin a dialogue as on a console; raises SshError."""
        channel = self._begin()
        channel.get_pty("vt100", COLUMNS, ROWS)
        channel.invoke_shell()

    def _begin(self) -> paramiko.Channel:
        try:
            self._channel = self._transports[-1].open_session(timeout=TIMEOUT_SECONDS)
        except Exception as error:  # noqa: BLE001 (whatever a strange device provokes)
            raise explain(error, self._connection, jumped=False) from None
        self._channel.settimeout(TIMEOUT_SECONDS)
        self._channel.set_combine_stderr(True)
        return self._channel

    def send(self, text: str) -> None:
        """Type a text; raises SshError when the device has gone."""
        try:
            self._own().sendall(text.encode())
        except (OSError, EOFError, paramiko.SSHException) as error:
            raise self._cut_off() from error

    def receive(self, seconds: float) -> bytes | None:
        """Return what comes next, nothing after so many seconds of silence, None at its end."""
        channel = self._own()
        channel.settimeout(seconds)
        try:
            return channel.recv(CHUNK_BYTES) or None
        except TimeoutError:
            return b""
        except (OSError, EOFError, paramiko.SSHException) as error:
            raise self._cut_off() from error

    def succeeded(self) -> bool:
        """Say whether the command ended by itself and well; raises SshError when it was cut off."""
        channel = self._own()
        until = time.monotonic() + TIMEOUT_SECONDS
        while not channel.exit_status_ready() and time.monotonic() < until:
            if channel.closed or not self._transports[-1].is_active():
                break
            channel.status_event.wait(0.1)
        if not channel.exit_status_ready() or channel.exit_status < 0:
            raise self._cut_off()
        return channel.exit_status == 0

    def _own(self) -> paramiko.Channel:
        if self._channel is None:
            raise self._cut_off()
        return self._channel

    def _cut_off(self) -> SshError:
        place = self._connection.place
        text = f"connection cut off: {place} ended it before its answer was whole; is it still up?"
        return SshError(Kind.CUT_OFF, self._connection.name, text)

    def close(self) -> None:
        """Log out, at the device first."""
        with suppress(OSError, EOFError, paramiko.SSHException):
            if self._channel:
                self._channel.close()
        close(self._transports)


def open_terminal(connection: Connection, credentials: Credentials, way: Way) -> Terminal:
    """Log in to a device, through its jump hosts; raises SshError.

    It has to prove the pinned host key before it is told anything, and one attempt is made.
    """
    *jumps, last = hops(connection)
    transports: list[paramiko.Transport] = []
    try:
        transports = walk(jumps, way)
        transports.append(negotiate(last, transports[-1] if transports else None, way))
        check_host_key(transports[-1], last)
        _log_in(transports[-1], last, credentials)
    except Exception as error:  # noqa: BLE001 (whatever a strange device provokes)
        close(transports)
        raise explain(error, last, jumped=bool(jumps)) from None
    return Terminal(transports, connection)


def _log_in(transport: paramiko.Transport, hop: Connection, credentials: Credentials) -> None:
    try:
        if credentials.private_key:
            missing = transport.auth_publickey(hop.user, _key(credentials.private_key, hop))
        else:
            # Where a password is not taken as such, the device's question for it is answered.
            missing = transport.auth_password(hop.user, credentials.password or "")
    except paramiko.AuthenticationException as error:
        if "timeout" in str(error).lower():
            raise TimeoutError from None
        what = "private_key" if credentials.private_key else "password"
        raise SshError(
            Kind.LOGIN_REFUSED,
            hop.name,
            f"login refused: {hop.place} does not take the {what} that the inventory names; one "
            "attempt was made and no more",
        ) from None
    if missing:
        raise SshError(
            Kind.LOGIN_INCOMPLETE,
            hop.name,
            f"login incomplete: {hop.place} asks for more ({', '.join(missing)}); exempt this "
            "account from the second factor",
        )


def _key(text: str, hop: Connection) -> paramiko.PKey:
    kinds: tuple[type[paramiko.PKey], ...] = (
        paramiko.Ed25519Key,
        paramiko.ECDSAKey,
        paramiko.RSAKey,
    )
    for kind in kinds:
        with suppress(paramiko.SSHException, ValueError, IndexError):
            return kind.from_private_key(io.StringIO(f"{text.strip()}\n"))
    raise SshError(
        Kind.KEY_UNUSABLE,
        hop.name,
        "private_key: what the inventory names is no private key of SSH without a passphrase",
    )
