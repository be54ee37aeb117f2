"""Agents made from recordings, and served until somebody ends it: ``bastide snmp replay``."""

import asyncio
import signal
from collections.abc import Callable, Sequence
from pathlib import Path

from monitors.snmp.recording.reader import Recording, read
from monitors.snmp.replay.agent import Access, Agent
from monitors.snmp.replay.objects import Recorded, moving
from monitors.snmp.replay.server import Place, serving


def recorded(
    paths: Sequence[Path], access: Access, first: Place, *, move: bool = False
) -> tuple[list[tuple[Place, Agent]], list[Recording]]:
    """One agent a file, on ``first`` and the ports after it, and the recordings for their remarks.

    ``move``: counters and clocks go on from where they were. Raises RecordingError.
    """
    recordings = [read(path) for path in paths]
    agents = []
    for at, (path, found) in enumerate(zip(paths, recordings, strict=True)):
        objects = moving(found.entries) if move else Recorded(found.entries)
        place = Place(first.address, first.port and first.port + at)
        agents.append((place, Agent(objects, access, path.stem)))
    return agents, recordings


async def run(
    agents: Sequence[tuple[Place, Agent]], ready: Callable[[Sequence[Place]], None]
) -> None:
    """Serve until SIGINT or SIGTERM; ``ready`` is told the places once they answer.

    Raises BindError.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    try:
        async with serving(agents) as places:
            ready(places)
            await stop.wait()
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)
