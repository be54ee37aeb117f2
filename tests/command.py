"""The `bastide` command as a user runs it: a process, its exit status, what it printed."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

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


def bastide_json(*arguments: str, **extra: str) -> Any:
    """Run `bastide … --json` and return what it printed, whatever the exit status."""
    done = bastide(*arguments, "--json", **extra)
    assert done.stdout, done.stderr
    return json.loads(done.stdout)
