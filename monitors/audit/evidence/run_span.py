"""When a run went on: what its hosts answered, and what was seen of them, is of that time."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from monitors.audit.evidence.chain import CLOCK_TOLERANCE

# A host's clock is compared with the auditor's in whole seconds.
TOLERANCE = CLOCK_TOLERANCE + timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class RunSpan:
    """When a run began, and how long it took."""

    began: datetime
    lasted: timedelta

    def stray(self, moment: datetime) -> str | None:
        """Return what is wrong with the time of something of the run, None when it fits."""
        if moment.tzinfo is None:
            return "of a time without zone"
        if -TOLERANCE <= moment - self.began <= self.lasted + TOLERANCE:
            return None
        return (
            f"of {moment:%F %T} UTC, which is not in the run: it began at {self.began:%F %T} and "
            f"took {self.lasted.total_seconds():.0f} s"
        )
