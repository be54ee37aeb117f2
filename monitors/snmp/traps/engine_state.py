"""What is kept of SNMP engines over restarts: who we are, and the clocks of those that send.

Informs are secured by the receiver's engine. A sender keeps its id, boots and time; were the id
another after a restart, or boots not higher, its informs would fail (RFC 3414, 2.2).

Traps are secured by the sender's. pysnmp takes a sender's clock from each signed message before it
compares the two, so it would take any old trap for fresh (RFC 3414, 3.2.7 b). A trap's sender is
asked nothing, hence the first trap of an engine is believed; the clocks are kept over restarts, so
that this does not happen anew. A device that begins to count its boots anew looks like a replay. So
that it is not shut out for as long as it ran before, a clock that nothing has confirmed for a week
is forgotten.
"""

import json
import logging
import secrets
import time
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from inventory.files import write_whole
from monitors.snmp.wire.usm_message import WINDOW_SECONDS, Moment

log = logging.getLogger(__name__)

IDENTITY_FILE = Path("snmp") / "engine.json"
CLOCKS_FILE = Path("snmp") / "trap_clocks.json"
# The enterprise number kept for documentation (RFC 5612); format 5: octets of our own choice.
ENTERPRISE = 32473
OCTETS = 5
RANDOM_OCTETS = 12
# Should the file be lost, seconds since then still are more than any boots told before.
EPOCH = 1_577_836_800  # 2020-01-01T00:00:00Z

FORGET_SECONDS = 7 * 86400.0
LAST_BOOTS = 2**31 - 1
# Two thousand devices, and some that have changed their engine.
MOST_ENGINES = 8192


@dataclass(frozen=True, slots=True)
class Identity:
    """An engine at its start: SnmpEngineID in hex, and snmpEngineBoots."""

    engine: str
    boots: int


def start_engine(state: Path) -> Identity:
    """Return the engine's identity for a new start, and keep it. Raises OSError."""
    file = state / IDENTITY_FILE
    engine, boots = _read_identity(file)
    identity = Identity(engine or _new_id(), max(boots + 1, int(time.time()) - EPOCH))
    write_whole(file, json.dumps({"engine": identity.engine, "boots": identity.boots}))
    return identity


def _new_id() -> str:
    head = (0x80000000 | ENTERPRISE).to_bytes(4, "big") + bytes((OCTETS,))
    return (head + secrets.token_bytes(RANDOM_OCTETS)).hex()


def _read_identity(file: Path) -> tuple[str, int]:
    try:
        kept = json.loads(file.read_bytes())
        return bytes.fromhex(kept["engine"]).hex(), int(kept["boots"])
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return "", 0


class Clock(NamedTuple):
    """The latest that is known of an engine's clock, and when that came (Unix time)."""

    boots: int
    time: int
    received: float


class SenderClocks:
    """The clocks of all engines; those silent for longest are forgotten first."""

    def __init__(self, file: Path) -> None:
        """Take up what was kept; a file that cannot be read counts as none."""
        self._file, self._changed = file, False
        self._clocks: OrderedDict[bytes, Clock] = OrderedDict(_read_clocks(file))

    def is_fresh(self, moment: Moment, now: float) -> bool:
        """Whether a signed message of that moment may be believed at ``now`` (Unix time)."""
        known = self._clocks.get(moment.engine)
        if known and now - known.received > FORGET_SECONDS:
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

    def save(self) -> None:
        """Write the clocks if they have changed; a full disk is logged and costs nothing else."""
        if not self._changed:
            return
        self._changed = False
        by_engine = {engine.hex(): clock for engine, clock in self._clocks.items()}
        try:
            write_whole(self._file, json.dumps(by_engine))
        except OSError as error:
            log.warning("%s: the engines' clocks are not kept: %s", self._file, error.strerror)


def _behind(moment: Moment, known: Clock, now: float) -> bool:
    if moment.boots != known.boots:
        return moment.boots < known.boots
    return moment.time < known.time + (now - known.received) - WINDOW_SECONDS


def _read_clocks(file: Path) -> dict[bytes, Clock]:
    try:
        by_engine = json.loads(file.read_bytes())
        return {
            bytes.fromhex(engine): Clock(int(boots), int(seconds), float(received))
            for engine, (boots, seconds, received) in by_engine.items()
        }
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, AttributeError) as error:
        log.warning("%s: the engines' clocks cannot be read, all begin anew: %s", file, error)
        return {}
