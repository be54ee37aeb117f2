"""Snapshots that are taken before a machine's disks change: what they are called, how many stay."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

# Of changes that nobody could confirm, since the machine is not waited for.
KEPT: Final = 2
_OURS: Final = re.compile(r"bastide-\d{8}T\d{12}Z")
WHY: Final = "before Bastide changed its disks"


def new_name() -> str:
    """Return the name of a snapshot that is taken now; later ones sort after it."""
    return f"bastide-{datetime.now(UTC):%Y%m%dT%H%M%S%f}Z"


def ours(names: Iterable[str]) -> list[str]:
    """Return those that Bastide took, the oldest first."""
    return sorted(name for name in names if _OURS.fullmatch(name))


def surplus(names: Iterable[str]) -> list[str]:
    """Return those that must go before one more is taken, so that no more than KEPT are there."""
    return ours(names)[: -(KEPT - 1)]
