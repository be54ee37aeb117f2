"""A command on this very machine, run like one over SSH: for `connection: local`."""

import os
import select
import signal
import subprocess
import time
from contextlib import suppress
from threading import Thread
from typing import IO

from monitors.ssh.remote_command import LINGER_SECONDS

CHUNK_BYTES = 65536


class LocalProcess:
    """A command line that /bin/sh runs here."""

    def __init__(self, line: str) -> None:
        """Start it, in a session of its own so that all of it can be ended."""
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(
            ["/bin/sh", "-c", line],
            stdin=pipe,
            stdout=pipe,
            stderr=pipe,
            start_new_session=True,
            cwd="/",
        )
        self._open = [s for s in (self._process.stdout, self._process.stderr) if s]
        self._ended: float | None = None

    def send(self, data: bytes, *, last: bool) -> None:
        """Hand over input; a thread writes it, since the command may not read it for a while."""
        stdin = self._process.stdin
        if stdin:
            Thread(target=_write, args=(stdin, data, last), daemon=True).start()

    def read(self, seconds: float) -> tuple[bytes, bytes] | None:
        """Return what came on both outputs; None when both are closed or the command is over."""
        if not self._open:
            return self._wait(seconds)
        self._note_end()
        if self._ended is not None:
            seconds = min(seconds, 0.05)
        # An end without output is noticed within this time.
        ready = select.select(self._open, (), (), min(seconds, 0.5))[0]
        if not ready and self._ended and time.monotonic() - self._ended > LINGER_SECONDS:
            return None
        return self._take(ready, self._process.stdout), self._take(ready, self._process.stderr)

    def _note_end(self) -> None:
        if self._ended is None and self._process.poll() is not None:
            self._ended = time.monotonic()

    def _wait(self, seconds: float) -> tuple[bytes, bytes] | None:
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(seconds)
            return None
        return b"", b""

    def _take(self, ready: list[IO[bytes]], stream: IO[bytes] | None) -> bytes:
        if stream is None or stream not in ready:
            return b""
        data = os.read(stream.fileno(), CHUNK_BYTES)
        if not data:
            self._open.remove(stream)
        return data

    def status(self) -> int | None:
        """Return the exit status, None when a signal ended it."""
        code = self._process.poll()
        return code if code is not None and code >= 0 else None

    def stop(self) -> None:
        """End what is left of it."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        for stream in (self._process.stdout, self._process.stderr):
            if stream:
                stream.close()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(LINGER_SECONDS)


def _write(stdin: IO[bytes], data: bytes, last: bool) -> None:
    with suppress(OSError, ValueError):
        stdin.write(data)
        stdin.flush()
        if last:
            stdin.close()
