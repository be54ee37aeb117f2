"""What passes between the exporter and its trap listener: one line of JSON a message."""

from dataclasses import dataclass, field

from pydantic import TypeAdapter

from monitors.snmp.traps.engine_state import Identity
from monitors.snmp.traps.known_senders import Address
from monitors.snmp.traps.trap import Reason, Trap


@dataclass(frozen=True, slots=True)
class ListenerConfig:
    """To the listener: who may send from now on; at its start also who we are."""

    addresses: tuple[Address, ...]
    identity: Identity | None = None


@dataclass(frozen=True, slots=True)
class Rejection:
    """So many datagrams of an address were rejected for a reason; ``device`` if it has a name.

    ``address`` is empty for what came from more addresses than are told apart.
    """

    reason: Reason
    address: str
    device: str
    count: int


@dataclass(frozen=True, slots=True)
class ListenerReport:
    """From the listener: what was accepted and what was not since the last report."""

    traps: tuple[Trap, ...] = field(default=())
    rejections: tuple[Rejection, ...] = field(default=())


CONFIG = TypeAdapter(ListenerConfig)
REPORT = TypeAdapter(ListenerReport)
