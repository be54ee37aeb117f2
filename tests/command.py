"""The `bastide` command as a user runs it: its exit status and what it printed.

`bastide` starts a process; `bastide_here` runs the command in this one, a hundred times as fast.
"""

import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

from bastide.cli import run

BASTIDE = Path(sys.executable).parent / "bastide"
LONGEST_SECONDS = 1500


def environment(**extra: str) -> dict[str, str]:
    """Return the environment for a run; `extra` is added."""
    return {**os.environ, "COLUMNS": "160", **extra}


def bastide(*arguments: str, **extra: str) -> "subprocess.CompletedProcess[str]":
    """Run `bastide …` to its end; `extra` is added to the environment."""
    return subprocess.run(
        [str(BASTIDE), *arguments],
        capture_output=True,
        text=True,
        check=False,
        env=environment(**extra),
        timeout=LONGEST_SECONDS,
        stdin=subprocess.DEVNULL,
    )


def bastide_here(*arguments: str, **extra: str) -> "subprocess.CompletedProcess[str]":
    """Run `bastide …` in this process; an error that the command does not expect is raised."""
    output, errors = _Stream(), _Stream()
    with _environment(extra), redirect_stdout(output), redirect_stderr(errors):
        status = run(arguments)
    return subprocess.CompletedProcess(arguments, int(status), output.text(), errors.text())


def bastide_json(*arguments: str, **extra: str) -> Any:
    """Run `bastide … --json` in this process and return what it printed, whatever the status."""
    done = bastide_here(*arguments, "--json", **extra)
    assert done.stdout, done.stderr
    return json.loads(done.stdout)


class _Stream(io.TextIOWrapper):
    """A standard stream as the command has it: bytes, and escapes for what is no text."""

    def __init__(self) -> None:
        super().__init__(
            io.BytesIO(), encoding="utf-8", errors="backslashreplace", write_through=True
        )

    def text(self) -> str:
        buffer = self.buffer
        assert isinstance(buffer, io.BytesIO)
        return buffer.getvalue().decode()


@contextmanager
def _environment(extra: Mapping[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(extra)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
