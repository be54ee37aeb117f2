"""What the exporter and its trap listener tell each other: one line of JSON a message."""

from dataclasses import dataclass, field

from pydantic import TypeAdapter

from monitors.snmp.traps.authentication import Reason
from monitors.snmp.traps.engine_state import Identity
from monitors.snmp.traps.senders import Address
from monitors.snmp.traps.trap import Trap


@dataclass(frozen=True, slots=True)
class Order:
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
class News:
    """From the listener: what was accepted and what was not since the last news."""

    traps: tuple[Trap, ...] = field(default=())
    rejections: tuple[Rejection, ...] = field(default=())


ORDER = TypeAdapter(Order)
NEWS = TypeAdapter(News)
