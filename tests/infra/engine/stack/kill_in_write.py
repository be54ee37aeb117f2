"""Splits the stack of a harness, and dies at a write: even steps before it, odd ones after it."""

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

from infra.engine.stack import backend
from infra.engine.stack.split import split
from tests.infra.engine.harness import reopen

# The backup, two new states and the old one.
WRITES = 4


def main(root: str, moves: str, step: str) -> None:
    """Count the writes of states, and die at one."""
    write, seen = vars(backend)["write_whole"], 0

    def counted(path: Path, *given: Any) -> None:
        nonlocal seen
        if 2 * seen == int(step):
            os.kill(os.getpid(), signal.SIGKILL)
        write(path, *given)
        if 2 * seen + 1 == int(step):
            os.kill(os.getpid(), signal.SIGKILL)
        seen += 1

    vars(backend)["write_whole"] = counted
    split(reopen(Path(root)).project, json.loads(moves), lambda _: None)


if __name__ == "__main__":
    main(*sys.argv[1:])
