#!/usr/bin/python3 -I
"""Appends what auditing machines show of their runs to a log, with the time at which it came.

usage: witness LOG

The forced command of the witness's keys: whatever else is asked for, this is done. It reads runs,
one a line, and prints how many it wrote. Nothing is ever changed or taken away.
"""

import fcntl
import json
import os
import sys
from datetime import datetime, timezone
from typing import Any

MOST_LINES = 1000
LONGEST_LINE = 4096
LARGEST_LOG = 256 * 1024 * 1024


def main() -> int:
    """Append the lines of the input that are runs; 1 when one is none, or the log is full."""
    lines = sys.stdin.buffer.read(MOST_LINES * LONGEST_LINE + 1).splitlines()
    runs = [run for run in map(run_of, lines) if run is not None]
    if len(runs) != len(lines) or not lines or len(lines) > MOST_LINES:
        print(f"witness: expected 1 to {MOST_LINES} runs, one a line", file=sys.stderr)
        return 1
    log = os.open(sys.argv[1], os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o644)
    with os.fdopen(log, "r+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        length = file.seek(0, os.SEEK_END)
        if length > LARGEST_LOG:
            print("witness: the log is full", file=sys.stderr)
            return 1
        # After a power cut in the middle of a line, the next one begins on its own.
        torn = length and os.pread(log, 1, length - 1) != b"\n"
        file.write((b"\n" if torn else b"") + b"".join(entry(run) for run in runs))
        file.flush()
        os.fsync(file.fileno())
    print(len(runs))
    return 0


def run_of(line: bytes) -> Any:
    """Return a run as it was sent, None when a line is none."""
    if len(line) > LONGEST_LINE:
        return None
    try:
        run = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return run if isinstance(run, dict) and set(run) == {"record", "signature"} else None


def entry(run: Any) -> bytes:
    """Return a line of the log."""
    now = datetime.now(timezone.utc).isoformat(timespec="milliseconds")  # noqa: UP017 (Python 3.9)
    return json.dumps({"received": now, "link": run}, separators=(",", ":")).encode() + b"\n"


if __name__ == "__main__":
    sys.exit(main())
