"""The estate as its files say now, so that an edit needs no restart."""

import logging
import time
from collections.abc import Callable
from pathlib import Path

from inventory.load import load_estate
from inventory.model.estate import Estate
from inventory.problems import InventoryError
from monitors.audit.model.own_controls import controls_of
from monitors.snmp.own_profiles import profiles_of

log = logging.getLogger(__name__)

# Checking a thousand municipalities' files costs milliseconds: not at every scrape.
CHECK_SECONDS = 2.0
READ = frozenset({".yml", ".yaml", ".py"})

Stamp = tuple[tuple[str, int, int], ...]


class EstateWatcher:
    """An estate that is read again when its files change.

    A change that makes it invalid is logged and clears ``valid``; the last valid one serves.
    ``listeners`` are called with each new reading.
    """

    def __init__(self, folder: Path, clock: Callable[[], float] = time.monotonic) -> None:
        """Read the estate; raises InventoryError when it is invalid from the start."""
        self._folder, self._clock = folder, clock
        self._stamp = _stamp(folder)
        self._estate = _load(folder)
        self._checked_at = clock()
        self.valid = True
        self.loaded_at = time.time()
        self.listeners: list[Callable[[Estate], None]] = []

    def current(self) -> Estate:
        """The estate, after a check of its files if the last is two seconds old."""
        if self._clock() - self._checked_at >= CHECK_SECONDS:
            self._checked_at = self._clock()
            self._reload_if_changed()
        return self._estate

    def _reload_if_changed(self) -> None:
        stamp = _stamp(self._folder)
        if stamp == self._stamp:
            return
        self._stamp = stamp
        try:
            self._estate = _load(self._folder)
        except (InventoryError, OSError) as error:
            self.valid = False
            log.error("%s: the changed estate is not used: %s", self._folder, error)  # noqa: TRY400
            return
        self.valid, self.loaded_at = True, time.time()
        log.info("%s: read again", self._folder)
        for listener in self.listeners:
            listener(self._estate)


def _load(folder: Path) -> Estate:
    """Read an estate that its own controls and profiles, if any, fit; InventoryError."""
    estate = load_estate(folder)
    controls_of(estate.own)
    profiles_of(estate.own)
    return estate


def _stamp(folder: Path) -> Stamp:
    stamps = []
    for path in sorted(path for path in folder.rglob("*") if path.suffix in READ):
        try:
            status = path.stat()
        except FileNotFoundError:
            continue
        stamps.append((str(path), status.st_mtime_ns, status.st_size))
    return tuple(stamps)
