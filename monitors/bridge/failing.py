"""Since when messages fail by a channel: after a while another one stands in."""

from collections.abc import Callable
from threading import Lock

from monitors.bridge.deliveries import FORGOTTEN_SECONDS

# A group that grows is another message each time, and would be waited for anew.
ANY = ""
"""In the place of a message's key: whichever."""


class Failing:
    """What fails, by channel and message, with when it began; for two days at most."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """Nothing fails yet."""
        self._clock, self._lock = clock, Lock()
        self._since: dict[tuple[str, str], float] = {}

    def seconds(self, key: str, name: str) -> float:
        """Return for how long a message, or every one, has failed by a channel; it does now."""
        now = self._clock()
        with self._lock:
            recent = {k: t for k, t in self._since.items() if now - t < FORGOTTEN_SECONDS}
            self._since = {(key, name): now, (ANY, name): now} | recent
            return now - min(self._since[key, name], self._since[ANY, name])

    def works(self, key: str, name: str) -> None:
        """Note that a message has been delivered, or that any has."""
        with self._lock:
            self._since.pop((key, name), None)
