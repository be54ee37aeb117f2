"""What was delivered, kept so that nothing is sent twice: not when it is tried again, nor anew."""

import logging
import sqlite3
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from threading import Lock
from types import MappingProxyType

from inventory.model.notify import Severity

log = logging.getLogger(__name__)

HOUR = 3600.0
# Just less than the time after which Alertmanager sends the same again because it still is so.
REMEMBERED_SECONDS: Mapping[Severity, float] = MappingProxyType(
    {Severity.PAGE: 3.75 * HOUR, Severity.TICKET: 23.75 * HOUR}
)
FORGOTTEN_SECONDS = 48 * HOUR
TABLE = (
    "CREATE TABLE IF NOT EXISTS delivered (message TEXT, channel TEXT, recipient TEXT, at REAL, "
    "PRIMARY KEY (message, channel, recipient))"
)

# Before a group's name, in the place of a message's key.
FIRES = "fires "
ENDED = "DELETE FROM delivered WHERE message = ? AND channel = ? AND recipient = ?"

Delivery = tuple[str, str, str]
"""A message's key, a channel's id, a recipient."""


class Deliveries:
    """Deliveries of the last two days, in memory and in a file of SQLite.

    Where the file cannot be written (a full disk is a reason for alerts), memory alone remembers.
    """

    def __init__(self, file: Path, clock: Callable[[], float] = time.time) -> None:
        """Read the file, or begin one."""
        self._clock, self._lock = clock, Lock()
        self._at: dict[Delivery, float] = {}
        self._file = file
        self._written("SELECT message, channel, recipient, at FROM delivered")

    def has(self, delivery: Delivery, severity: Severity) -> bool:
        """Whether it was delivered, and not so long ago that it is sent again on purpose."""
        with self._lock:
            at = self._at.get(delivery)
        return at is not None and self._clock() - at < REMEMBERED_SECONDS[severity]

    def attempt(self, delivery: Delivery) -> str:
        """Name the attempts up to the next delivery: whoever took one knows it again by that."""
        with self._lock:
            return f"{delivery[0]}.{int(self._at.get(delivery, 0))}"

    def add(self, delivery: Delivery) -> None:
        """Note that it was delivered now."""
        now = self._clock()
        with self._lock:
            old = now - FORGOTTEN_SECONDS
            self._at = {key: at for key, at in self._at.items() if at >= old} | {delivery: now}
            self._written("DELETE FROM delivered WHERE at < ?", old)
            self._written("INSERT OR REPLACE INTO delivered VALUES (?, ?, ?, ?)", *delivery, now)

    def told(self, group: str, channel: str) -> tuple[str, ...]:
        """Return who was told by a channel that a group of alerts fires, and not that it ended."""
        with self._lock:
            return tuple(to for key, by, to in self._at if (key, by) == (FIRES + group, channel))

    def add_told(self, group: str, channel: str, recipient: str) -> None:
        """Note that somebody was told that a group fires."""
        self.add((FIRES + group, channel, recipient))

    def end_told(self, group: str, channel: str, recipient: str) -> None:
        """Note that somebody was told that a group has ended."""
        delivery = (FIRES + group, channel, recipient)
        with self._lock:
            if self._at.pop(delivery, None) is not None:
                self._written(ENDED, *delivery)

    def _written(self, statement: str, *values: str | float) -> None:
        try:
            database = sqlite3.connect(self._file, timeout=2.0)
            try:
                with database:
                    database.execute(TABLE)
                    rows = database.execute(statement, values).fetchall()
            finally:
                database.close()
        except sqlite3.Error as error:
            log.warning("%s: %s; a restart may send the last messages again", self._file, error)
            return
        self._at |= {(key, channel, to): at for key, channel, to, at in rows}
