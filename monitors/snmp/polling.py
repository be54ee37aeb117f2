"""One poll of some devices, for a person at a terminal."""

import asyncio
from collections.abc import Iterable
from pathlib import Path

from monitors.snmp.poller import Poller, PollResult, poll_all
from monitors.snmp.targets import Target

# A first poll reads everything: a slow device needs longer than a scrape may take.
DEADLINE_SECONDS = 30.0


def poll(
    wanted: Iterable[Target],
    state: Path,
    *,
    profiles: tuple[str, ...] = (),
    deadline_seconds: float = DEADLINE_SECONDS,
) -> tuple[PollResult, ...]:
    """Poll devices once, side by side; in their order.

    ``state`` is the estate's state directory, where its secrets are; ``profiles`` limits what is
    asked. A device that fails is a value in the result.
    """

    async def main() -> tuple[PollResult, ...]:
        return await poll_all(Poller(state), wanted, deadline_seconds, profiles)

    return asyncio.run(main())
