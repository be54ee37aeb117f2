"""Waiting until Prometheus has seen every target: a fresh estate needs a scrape or two."""

import time

from bastide import status
from bastide.chain.progress import Progress
from bastide.errors import CommandError
from bastide.opened import Opened

PATIENCE_SECONDS = 60.0
PAUSE_SECONDS = 1.0


def wait(opened: Opened, progress: Progress) -> status.Status:
    """Return the status once nothing is wrong, or the last one when patience ends.

    Raises CommandError when Prometheus did not answer at all meanwhile.
    """
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            found = status.read(opened)
            if not found.wrong or time.monotonic() > deadline:
                return found
            progress.now(f"waiting: {found.wrong[0]}")
        except CommandError:
            if time.monotonic() > deadline:
                raise
            progress.now("waiting for Prometheus to answer")
        time.sleep(PAUSE_SECONDS)
