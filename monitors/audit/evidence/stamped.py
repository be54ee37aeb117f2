"""What the time stamp in an evidence file says of the run, as far as its authority is known."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from monitors.audit.evidence.chain import CLOCK_TOLERANCE
from monitors.audit.evidence.package import TIME_STAMP
from monitors.audit.evidence.time_stamp import TimeStampError, check
from monitors.audit.evidence.verify import Verified
from monitors.audit.evidence.witness import LATE


@dataclass(frozen=True, slots=True)
class Stamped:
    """Whether there is a stamp, the time that it proves, and what contradicts the run."""

    present: bool
    time: datetime | None = None
    problem: str = ""

    @property
    def words(self) -> str:
        """What it says when nothing contradicts it; empty where there is none."""
        if self.time:
            return f"{self.time:%F %T} UTC"
        return "there, not checked: give --time-stamp-authority" if self.present else ""


def stamp_of(verified: Verified, authority: Path | None) -> Stamped:
    """Check the stamp of a verified file against an authority's certificates, where given."""
    reply = verified.members.get(TIME_STAMP)
    if authority is None:
        return Stamped(present=reply is not None)
    if reply is None:
        return Stamped(present=False, problem="the file has none")
    try:
        time = check(verified.link, reply, authority)
    except TimeStampError as error:
        return Stamped(present=True, problem=f"does not hold: {error}")
    began = verified.link.record.started
    if began - time > CLOCK_TOLERANCE:
        return Stamped(True, time, f"{time:%F %T} UTC, before the run began ({began:%F %T})")
    if time - began > LATE:
        problem = f"{time:%F %T} UTC: the run, of {began:%F %T}, was dated back, or stamped late"
        return Stamped(True, time, problem)
    return Stamped(present=True, time=time)
