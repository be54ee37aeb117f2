"""How long a recovery will take, from how long the last drill took with as much data."""

from monitors.continuity.drill_history import CopyDrills
from monitors.continuity.records import Depth, DrillResult

GROWING = frozenset(
    {
        "restore the snapshot",
        "compare every file with the manifest",
        "load the dump",
        "compare every table with the manifest",
    }
)
"""The steps of a drill that take longer with more data (the role scratch); others do not."""


def estimated_seconds(drill: DrillResult, octets: float | None) -> float | None:
    """Return how long a recovery of so much data will take; None when nothing was measured.

    As long as it took, where it is not known how much data there was or is.
    """
    if drill.rto_seconds is None:
        return None
    growing = sum(step.seconds for step in drill.steps if step.recovery and step.name in GROWING)
    if not drill.bytes_restored or octets is None:
        return drill.rto_seconds
    return drill.rto_seconds + growing * (octets / drill.bytes_restored - 1)


def held_against(drills: CopyDrills) -> tuple[float, float] | None:
    """Return what the one before let expect of a copy's newest good drill, and what it took.

    Both in seconds; None before there are two.
    """
    last, before = drills.success, drills.earlier
    if last is None or before is None or not last.rto_seconds:
        return None
    # One that rebuilt the machine as well says nothing of one that did not.
    if (last.depth is Depth.HOST) != (before.depth is Depth.HOST):
        return None
    expected = estimated_seconds(before, last.bytes_restored)
    return (expected, last.rto_seconds) if expected else None


def estimate_error(drills: CopyDrills) -> float | None:
    """Return by which share a copy's newest good drill missed what the one before let expect.

    Above 0 it took longer, below 0 less long; None before there are two.
    """
    held = held_against(drills)
    return held[1] / held[0] - 1 if held else None
