"""An end to each attempt: a server that answers drop by drop holds nobody up for ever."""

from collections.abc import Callable
from threading import Thread

# Alertmanager asks again after a minute; until then another channel may have to be told.
LONGEST_SECONDS = 40.0


class Attempts:
    """The attempts of one channel, of which one goes on at a time.

    A socket's time-out is for each read, and a drop before it has come begins it anew. So each
    attempt has a thread of its own: one that takes too long is left to itself, and none begins
    while it goes on.
    """

    def __init__(self) -> None:
        """None goes on yet."""
        self._last: Thread | None = None

    def make(self, attempt: Callable[[], str]) -> str:
        """Make an attempt; return what it returns: why it failed, or nothing."""
        if self._last is not None and self._last.is_alive():
            return "its server still has neither taken nor refused an earlier message"
        answers: list[str] = []
        self._last = Thread(target=lambda: answers.append(attempt()), daemon=True)
        self._last.start()
        self._last.join(LONGEST_SECONDS)
        late = f"its server has neither taken nor refused it in {LONGEST_SECONDS:g} s"
        return answers[0] if answers else late
