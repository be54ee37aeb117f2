"""How a journey went: a value, whatever happened on the way."""

from dataclasses import dataclass

from monitors.journeys.failures import Failure
from monitors.journeys.targets import JourneyTarget
from monitors.text import escaped_line


@dataclass(frozen=True, slots=True)
class Taken:
    """How a journey went: the seconds of each step that was begun, and why the last one failed.

    `failure` is None when all went well.
    """

    target: JourneyTarget
    seconds: tuple[float, ...]
    failure: Failure | None = None
    reason: str = ""

    @property
    def success(self) -> bool:
        """Whether every step went well."""
        return self.failure is None

    @property
    def failed_step(self) -> int:
        """The number of the step that failed, from 1; 0 when none did."""
        return 0 if self.success else len(self.seconds)

    @property
    def trouble(self) -> str:
        """What failed, in a line that a terminal can show; nothing when all is well."""
        if self.success:
            return ""
        return escaped_line(f"step {self.failed_step} ({self.failure}): {self.reason}")
