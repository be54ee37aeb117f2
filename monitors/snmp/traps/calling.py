"""Who is told of a trap, and how often: a device is polled at once, but not for each trap."""

import asyncio
from collections.abc import Callable

from monitors.snmp.traps import names
from monitors.snmp.traps.trap import Trap

# A link that flaps, or a switch whose ports all go down, calls for two polls, not for a hundred.
PAUSE_SECONDS = 2.0

OnTrap = Callable[[Trap], None]


class Calling:
    """Calls at the first trap of a device, and once more with the last of those that follow."""

    def __init__(self, on_trap: OnTrap, pause_seconds: float = PAUSE_SECONDS) -> None:
        """``on_trap`` runs in the event loop that ``told`` is called in."""
        self._on_trap, self._pause = on_trap, pause_seconds
        self._waiting: dict[str, Trap | None] = {}

    def told(self, trap: Trap) -> None:
        """Pass a trap on if what is measured has changed."""
        known = names.by_name().get(trap.name)
        if known is None or not known.poll:
            return
        if trap.device in self._waiting:
            self._waiting[trap.device] = trap
            return
        self._call(trap)

    def _call(self, trap: Trap) -> None:
        self._waiting[trap.device] = None
        loop = asyncio.get_running_loop()
        loop.call_later(self._pause, self._after, trap.device)
        # Not from here: its failure is not the listener's.
        loop.call_soon(self._on_trap, trap)

    def _after(self, device: str) -> None:
        last = self._waiting.pop(device)
        if last is not None:
            self._call(last)
