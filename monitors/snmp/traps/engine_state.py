"""Our own SNMP engine: the same id after a restart, and a counter of its starts (RFC 3414, 2.2).

Informs are secured by the receiver's engine. A sender keeps its id, boots and time; were the id
another after a restart, or boots not higher, its informs would fail.
"""

import json
import secrets
import time
from dataclasses import dataclass
from pathlib import Path

from inventory.files import write_whole

FILE = Path("snmp") / "engine.json"
# The enterprise number kept for documentation (RFC 5612); format 5: octets of our own choice.
ENTERPRISE = 32473
OCTETS = 5
RANDOM_OCTETS = 12
# Should the file be lost, seconds since then still are more than any boots told before.
EPOCH = 1_577_836_800  # 2020-01-01T00:00:00Z


@dataclass(frozen=True, slots=True)
class Identity:
    """An engine at its start: SnmpEngineID in hex, and snmpEngineBoots."""

    engine: str
    boots: int


def start(state: Path) -> Identity:
    """Return the engine's identity for a new start, and keep it. Raises OSError."""
    file = state / FILE
    engine, boots = _read(file)
    identity = Identity(engine or _new(), max(boots + 1, int(time.time()) - EPOCH))
    write_whole(file, json.dumps({"engine": identity.engine, "boots": identity.boots}))
    return identity


def _new() -> str:
    head = (0x80000000 | ENTERPRISE).to_bytes(4, "big") + bytes((OCTETS,))
    return (head + secrets.token_bytes(RANDOM_OCTETS)).hex()


def _read(file: Path) -> tuple[str, int]:
    try:
        kept = json.loads(file.read_bytes())
        return bytes.fromhex(kept["engine"]).hex(), int(kept["boots"])
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return "", 0
