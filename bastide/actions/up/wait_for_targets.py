"""Waiting until Prometheus sees what the run has done: it needs a scrape or two."""

import time

from bastide.actions import status
from bastide.support.errors import CommandError
from bastide.support.estate import EstateContext
from bastide.support.progress import Progress

# Longer than a scrape, an evaluation and the message that an alert has ended.
PATIENCE_SECONDS = 90.0
PAUSE_SECONDS = 1.0


def wait(context: EstateContext, progress: Progress, *, settle: bool) -> status.Status:
    """Return the status once nothing is wrong, or the last one when patience ends.

    `settle`: alerts are waited for as well, since what the run has just mended still fires until
    Prometheus has looked again.
    Raises CommandError when Prometheus did not answer at all meanwhile.
    """
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            observed = status.read(context)
            firing = [f"{alert.name} fires" for alert in observed.alerts] if settle else []
            awaited = (*observed.wrong, *firing)
            if not awaited or time.monotonic() > deadline:
                return observed
            progress.now(f"waiting: {awaited[0]}")
        except CommandError:
            if time.monotonic() > deadline:
                raise
            progress.now("waiting for Prometheus to answer")
        time.sleep(PAUSE_SECONDS)
