"""What the store remembers, as values: standings, repairs, trends."""

from datetime import datetime

from inventory.model import Frozen
from monitors.security.controls import Severity
from monitors.security.results import Outcome


class TrendPoint(Frozen):
    """One run's scores of a municipality, or of all together (None); shares from 0 to 1."""

    at: datetime
    municipality: str | None
    proved: float | None
    accepted: float | None
    coverage: float | None


class Standing(Frozen):
    """How one control stands on one host now, and since when.

    `first_failed` is when the failure that lasts until now was first seen, None unless it
    fails; `last_good` is when it last passed, None when it never did.
    """

    host: str
    municipality: str
    control: str
    severity: Severity
    outcome: Outcome
    first_failed: datetime | None
    last_good: datetime | None
    last_checked: datetime


class Repair(Frozen):
    """A failure that was mended: when it was first seen failing, and when seen passing again."""

    host: str
    municipality: str
    control: str
    severity: Severity
    failed: datetime
    mended: datetime

    @property
    def seconds(self) -> float:
        """The time to fix, as far as audits saw it."""
        return (self.mended - self.failed).total_seconds()


class History(Frozen):
    """What the store knows of an estate: trend by time, standings and repairs by host, control."""

    trend: tuple[TrendPoint, ...] = ()
    standings: tuple[Standing, ...] = ()
    repairs: tuple[Repair, ...] = ()
