"""Waiting until Prometheus has every target up: a fresh estate needs a scrape or two."""

import time

from bastide.actions import status
from bastide.support.errors import CommandError
from bastide.support.estate import EstateContext
from bastide.support.progress import Progress

PATIENCE_SECONDS = 60.0
PAUSE_SECONDS = 1.0


def wait(context: EstateContext, progress: Progress) -> status.Status:
    """Return the status once nothing is wrong, or the last one when patience ends.

    Raises CommandError when Prometheus did not answer at all meanwhile.
    """
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            observed = status.read(context)
            if not observed.wrong or time.monotonic() > deadline:
                return observed
            progress.now(f"waiting: {observed.wrong[0]}")
        except CommandError:
            if time.monotonic() > deadline:
                raise
            progress.now("waiting for Prometheus to answer")
        time.sleep(PAUSE_SECONDS)
