"""A command line that runs on a host, as a channel of paramiko."""

import time
from contextlib import suppress
from select import select
from threading import Thread

import paramiko

from inventory.connections import Connection
from monitors.ssh.failures import Kind, SshError
from monitors.ssh.remote_command import LINGER_SECONDS

CHUNK_BYTES = 65536
OPEN_SECONDS = 10.0


class Channel:
    """A command line that a host's login shell runs."""

    def __init__(self, transport: paramiko.Transport, connection: Connection, line: str) -> None:
        """Ask for it; SshError when the host wants to run nothing."""
        self._transport, self._connection = transport, connection
        self._ended: float | None = None
        self._channel = transport.open_session(timeout=OPEN_SECONDS)
        try:
            self._channel.settimeout(OPEN_SECONDS)
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
        """Leave it; what it answered stands, even when the host is gone by then."""
        with suppress(OSError, EOFError, paramiko.SSHException):
            self._channel.close()
