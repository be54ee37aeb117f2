"""What a service's goal lets it miss, and how fast it may be missed before somebody is told.

An alert fires when a share of a month's budget is gone within a long window, and the short one says
that it still goes on (Google's "Site Reliability Workbook", chapter 5, recommended parameters). The
thresholds of monitors/prometheus/rules/objectives.yml are these; a test holds them equal.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

PERIOD = timedelta(days=30)
PROBE_INTERVAL = timedelta(seconds=15)
"""How often a service is asked (monitors/prometheus/prometheus_config.py)."""
JOURNEY_INTERVAL = timedelta(seconds=60)
"""How often a journey is taken: until the next one, a failure lasts."""
FEWEST_FAILURES = 3
"""So many lost probes nobody is woken for less than: one is lost on any network."""


class Speed(StrEnum):
    """How fast a budget goes: fast is a page, slow a ticket."""

    FAST = "fast"
    SLOW = "slow"


@dataclass(frozen=True, slots=True)
class Burn:
    """More than a share of the budget gone within a long window, and the short one at this rate."""

    speed: Speed
    long: timedelta
    short: timedelta
    share: float

    def limit(self, budget: timedelta) -> timedelta:
        """Return how much may be missed within the long window before it is told."""
        return self.share * budget


BURNS = (
    Burn(Speed.FAST, timedelta(hours=1), timedelta(minutes=5), 0.02),
    Burn(Speed.FAST, timedelta(hours=6), timedelta(minutes=30), 0.05),
    Burn(Speed.SLOW, timedelta(days=1), timedelta(hours=2), 0.10),
    Burn(Speed.SLOW, timedelta(days=3), timedelta(hours=6), 0.10),
)


Due = Callable[[timedelta], timedelta]
"""How much of a time that long counts at most."""


def _all(length: timedelta) -> timedelta:
    return length


def budget(objective: float, open_share: float) -> timedelta:
    """Return what may be missed in a month; `open_share`: the share of time that counts."""
    return (1 - objective) * open_share * PERIOD


def never_fires(burn: Burn, allowed: timedelta, due: Due = _all) -> bool:
    """Whether not even a window without one answer would be told."""
    return burn.limit(allowed) >= due(burn.long)


def failures_to_fire(burn: Burn, allowed: timedelta, interval: timedelta = PROBE_INTERVAL) -> int:
    """Return how many lost probes are told, of those that come each `interval`."""
    return math.floor(burn.limit(allowed) / interval) + 1


def possible_objectives(
    open_share: float, interval: timedelta = PROBE_INTERVAL, due: Due = _all
) -> tuple[float, float]:
    """Return the lowest and highest objective that all alerts work with, to four digits."""
    limits = [(burn, burn.share * open_share * PERIOD) for burn in BURNS]
    lowest = max(1 - due(burn.long) / limit for burn, limit in limits)
    highest = min(1 - (FEWEST_FAILURES - 1) * interval / limit for _, limit in limits)
    return max(0.0, math.floor(lowest * 1e4 + 1) / 1e4), math.floor(highest * 1e4) / 1e4
