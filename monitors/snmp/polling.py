"""One poll of an estate's devices, for a person at a terminal."""

import asyncio
from collections.abc import Collection
from pathlib import Path

from inventory.model import Estate
from inventory.paths import state_directory
from monitors.snmp.poller import Poller, PollResult, poll_all
from monitors.snmp.targets import PORT, targets

DEADLINE_SECONDS = 10.0


class UnknownTargetError(Exception):
    """A name is not that of a device, or of a host with an SNMP agent, in the estate."""


def poll(
    estate: Estate,
    names: Collection[str] | None = None,
    *,
    state: Path | None = None,
    deadline_seconds: float = DEADLINE_SECONDS,
    port: int = PORT,
) -> tuple[PollResult, ...]:
    """Poll the named devices of an estate once, side by side; all of them for None.

    ``state`` defaults to the estate's state directory, ``port`` is the agents'. A device that
    fails is a value in the result. Raises UnknownTargetError for a name that is not in the
    inventory.
    """
    known = targets(estate, port)
    unknown = sorted(set(names or ()) - known.keys())
    if unknown:
        raise UnknownTargetError(
            f"{', '.join(unknown)}: not asked over SNMP in this estate; "
            f"there are: {', '.join(sorted(known))}"
        )
    chosen = known.values() if names is None else [known[name] for name in names]
    poller = Poller(state or state_directory(estate.estate))
    return asyncio.run(poll_all(poller, chosen, deadline_seconds))
