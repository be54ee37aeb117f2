"""Whether a signed trap is fresh: the clocks of the engines that send (RFC 3414, 3.2.7 b).

pysnmp takes a sender's clock from each signed message before it compares the two, so it would
take any old trap for fresh. A trap's sender is asked nothing, hence the first trap of an engine is
believed; the clocks are kept over restarts, so that this does not happen anew.

A device that begins to count its boots anew looks like a replay. So that it is not shut out for as
long as it ran before, a clock that nothing has confirmed for a week is forgotten.
"""

import json
import logging
from collections import OrderedDict
from pathlib import Path
from typing import NamedTuple

from inventory.files import write_whole
from monitors.snmp.wire.usm_message import Moment

log = logging.getLogger(__name__)

WINDOW_SECONDS = 150
FORGET_SECONDS = 7 * 86400.0
LAST_BOOTS = 2**31 - 1
# Two thousand devices, and some that have changed their engine.
MOST_ENGINES = 8192


class Clock(NamedTuple):
    """The latest that an engine has told of its clock, and when it was heard (Unix time)."""

    boots: int
    time: int
    heard: float


class Windows:
    """The clocks of all engines; those not heard for longest are forgotten first."""

    def __init__(self, file: Path) -> None:
        """Take up what was kept; a file that cannot be read counts as none."""
        self._file, self._changed = file, False
        self._clocks: OrderedDict[bytes, Clock] = OrderedDict(_read(file))

    def fresh(self, moment: Moment, now: float) -> bool:
        """Whether a signed message of that moment may be believed at ``now`` (Unix time)."""
        known = self._clocks.get(moment.engine)
        if known and now - known.heard > FORGET_SECONDS:
            known = None
        if moment.boots >= LAST_BOOTS or (known and _behind(moment, known, now)):
            return False
        if known is None or (moment.boots, moment.time) > (known.boots, known.time):
            self._set(moment, now)
        return True

    def _set(self, moment: Moment, now: float) -> None:
        self._clocks[moment.engine] = Clock(moment.boots, moment.time, now)
        self._clocks.move_to_end(moment.engine)
        if len(self._clocks) > MOST_ENGINES:
            self._clocks.popitem(last=False)
        self._changed = True

    def keep(self) -> None:
        """Write the clocks if they have changed; a full disk is logged and costs nothing else."""
        if not self._changed:
            return
        self._changed = False
        told = {engine.hex(): clock for engine, clock in self._clocks.items()}
        try:
            write_whole(self._file, json.dumps(told))
        except OSError as error:
            log.warning("%s: the engines' clocks are not kept: %s", self._file, error.strerror)


def _behind(moment: Moment, known: Clock, now: float) -> bool:
    if moment.boots != known.boots:
        return moment.boots < known.boots
    return moment.time < known.time + (now - known.heard) - WINDOW_SECONDS


def _read(file: Path) -> dict[bytes, Clock]:
    try:
        told = json.loads(file.read_bytes())
        return {bytes.fromhex(e): Clock(int(b), int(t), float(h)) for e, (b, t, h) in told.items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, AttributeError) as error:
        log.warning("%s: the engines' clocks cannot be read, all begin anew: %s", file, error)
        return {}
