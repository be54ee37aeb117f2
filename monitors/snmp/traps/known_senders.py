"""Who is known to send from an address, as the listener is told it.

Apart from ``senders``, so that the listener's process reads no inventory: half of its start.
"""

from dataclasses import dataclass

from monitors.snmp.client import Credentials


@dataclass(frozen=True, slots=True)
class Sender:
    """A device or host, and how it proves who it is: as it is polled."""

    device: str
    municipality: str
    credentials: Credentials


@dataclass(frozen=True, slots=True)
class Address:
    """All that may send from an address; ``name`` is for what cannot be told apart."""

    address: str
    name: str
    municipality: str
    senders: tuple[Sender, ...]
