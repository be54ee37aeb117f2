"""Another process as the kernel accounts for it, and a way to end it by its own id."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
PATIENCE_SECONDS = 20.0
REPOSITORY = Path(__file__).resolve().parents[2]


def cpu_seconds(process: int) -> float:
    """User and system time of a process and its threads (proc(5), stat: fields 14 and 15)."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def memory_mib(process: int) -> tuple[float, float]:
    """Resident memory now, and at its peak."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    fields = dict(line.split(":", 1) for line in lines)
    return int(fields["VmRSS"].split()[0]) / 1024, int(fields["VmHWM"].split()[0]) / 1024


@contextmanager
def started(
    command: Sequence[str], environment: Mapping[str, str] | None = None, *, talks: bool = False
) -> Iterator[subprocess.Popen[str]]:
    """Run a program of ours while the context is open; ``talks``: with pipes to and from it."""
    pipe = subprocess.PIPE if talks else subprocess.DEVNULL
    process = subprocess.Popen(
        command,
        stdin=pipe,
        stdout=pipe,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=REPOSITORY,
        env={**os.environ, **(environment or {})},
    )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def python(*arguments: str) -> list[str]:
    """The command that runs a module with the interpreter in use."""
    return [sys.executable, *arguments]
