"""SIGTERM and SIGHUP end a command in order, with all that it has started."""

import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import NoReturn

ENDING_SECONDS = 30.0
POLL_SECONDS = 0.05


class Terminated(SystemExit):
    """A signal asks this process to end; the exit status is what shells give for it (128 + n)."""

    def __init__(self, number: int) -> None:
        """Take the signal's number."""
        super().__init__(128 + number)
        self.signal = signal.Signals(number)


def raise_on_signals() -> None:
    """Have the first SIGTERM or SIGHUP raise Terminated in the main thread, and no later one.

    What is ignored from the start, as under nohup, stays ignored.
    """
    ending = False

    def handle(number: int, _: FrameType | None) -> None:
        nonlocal ending
        if not ending:
            ending = True
            raise Terminated(number)

    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, handle)


def end(terminated: Terminated) -> NoReturn:
    """End what was started and is not waited for, then this process, whatever its threads do."""
    _end_children()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):  # after SIGHUP the terminal is gone
            stream.flush()
    os._exit(terminated.code if isinstance(terminated.code, int) else 1)


def _end_children() -> None:
    """Send SIGTERM to the children of this process group, then SIGKILL when their time is up.

    What has a group of its own is to outlive the command: machines of a lab.
    """
    deadline = time.monotonic() + ENDING_SECONDS
    number = signal.SIGTERM
    while children := tuple(_children()):
        for child in children:
            with suppress(OSError):
                os.kill(child, number)
        number = signal.SIGTERM if time.monotonic() < deadline else signal.SIGKILL
        time.sleep(POLL_SECONDS)


def _children() -> Iterator[int]:
    """Yield the children that run; those that have ended are waited for."""
    for file in Path("/proc").glob("[0-9]*/stat"):
        try:
            # pid (name) state ppid pgrp …; a name may have any character (proc(5)).
            _, parent, group = file.read_text("utf-8", "replace").rpartition(")")[2].split()[:3]
        except (OSError, ValueError):
            continue
        if (int(parent), int(group)) == (os.getpid(), os.getpgrp()):
            pid = int(file.parent.name)
            with suppress(ChildProcessError):
                if os.waitpid(pid, os.WNOHANG) == (0, 0):
                    yield pid
