"""One run of playbooks at a time on an estate: two would change hosts against each other."""

import fcntl
import os
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from bastide.support.errors import CommandError, Exit

# Of a long command its beginning is named: who comes second is told process and time as well.
LONGEST_COMMAND = 120
LONGEST_NAME = 200


@contextmanager
def run_lock(file: Path) -> Iterator[int]:
    """Hold the lock; yields its descriptor, for the process that does the work.

    It is held until the last process that has it ends, so a run whose command was killed still
    counts while its ansible-playbook lives. Raises CommandError, naming who has it.
    """
    with file.open("a+", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            holder = lock.read(LONGEST_NAME).strip() or "another process"
            raise CommandError(
                f"playbooks run on this estate already: {holder}\n"
                "    expected: one run at a time; nothing was begun\n"
                "    do: wait until it has ended, or end it there (Ctrl-C), then run this again",
                Exit.COULD_NOT_CHECK,
            ) from None
        lock.truncate(0)
        now = datetime.now().astimezone()
        words = textwrap.shorten(" ".join(("bastide", *sys.argv[1:])), LONGEST_COMMAND)
        lock.write(f"`{words}`, process {os.getpid()}, since {now:%F %T}\n")
        lock.flush()
        yield lock.fileno()
