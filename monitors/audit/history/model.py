"""The history as values: how every control stands, repairs, trends."""

from datetime import datetime

from pydantic import ConfigDict, Field

from inventory.frozen import Frozen
from monitors.audit.model.controls import Severity
from monitors.audit.model.results import Outcome
from monitors.audit.model.score import SCORE_MODEL


class TrendPoint(Frozen):
    """The scores at a run's time of a municipality, or of all together (None); from 0 to 1.

    All hosts count that were in the estate then, whether that run asked them or an earlier one;
    who was not asked for two days counts as unknown (see score.py, of which `model` is the
    version). Where the hash of controls or waivers changes, so may a score without any host.
    """

    at: datetime
    municipality: str | None
    proved: float | None
    accepted: float | None
    coverage: float | None
    model: int = SCORE_MODEL
    controls_sha256: str = ""
    waivers_sha256: str = ""


class ControlStatus(Frozen):
    """The state of one control on one host now, and since when.

    `first_failed` is when the failure was first seen that was not seen mended since: it stays
    while the control cannot be determined, and is None when it passes or does not apply.
    `last_good` is when it last passed, None when it never did; `last_checked` when its host was
    last asked, in vain too.
    """

    host: str
    municipality: str
    control: str
    severity: Severity
    outcome: Outcome
    first_failed: datetime | None
    last_good: datetime | None
    last_checked: datetime
    waived: bool = False


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
    """What the store has of an estate: trend by time, statuses and repairs by host, control."""

    model_config = ConfigDict(serialize_by_alias=True)

    trend: tuple[TrendPoint, ...] = ()
    statuses: tuple[ControlStatus, ...] = Field(default=(), serialization_alias="standings")
    repairs: tuple[Repair, ...] = ()
