"""Starts the processes of a run, whose lives are bound to ours, and reads what they say."""

import shutil
import subprocess
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO

OnLine = Callable[[str], None]

# The kernel binds a child to the thread that started it, so that thread must outlive every child.
_LAUNCHER = ThreadPoolExecutor(1, thread_name_prefix="launcher")


def launch(
    command: list[str], folder: Path, environment: Mapping[str, str]
) -> subprocess.Popen[str]:
    """Start a program whose life is bound to ours, shielded from the terminal's signals.

    A keyboard interrupt must not kill a plugin in the middle of a step; and when we are killed,
    no plugin may go on with a step that the next run is going to repeat.
    """
    keeper = shutil.which("setpriv")
    bound = [keeper, "--pdeathsig", "KILL", "--"] if keeper else []

    def popen() -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*bound, *command],
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            start_new_session=True,
        )

    return _LAUNCHER.submit(popen).result()


def tee(kept: list[str], on_line: OnLine) -> OnLine:
    """Return a function that keeps each line and passes it on."""

    def both(line: str) -> None:
        kept.append(line)
        on_line(line)

    return both


def pump(stream: IO[str], on_line: OnLine) -> threading.Thread:
    """Hand each line of a stream to `on_line`, in a thread of its own."""

    def run() -> None:
        for line in stream:
            on_line(line.rstrip("\n"))

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread
