"""Objects that an agent answers with garbage, or never: left out, and tried again now and then.

A column of them costs a poll seconds, or the whole poll; remembered, it costs itself alone.
"""

from dataclasses import dataclass, field

FIRST_SECONDS = 600.0
LONGEST_SECONDS = 86_400.0
MINUTE = 60
HOUR = 3600


@dataclass(slots=True)
class _Dead:
    """What came instead of an answer, for how long it is not asked for, and until when."""

    reason: str
    seconds: float
    until: float


@dataclass(slots=True)
class DeadObjects:
    """What is known of one device's columns and instances that do not answer, by dotted OID.

    Times are by the clock of the poll.
    """

    known: dict[str, _Dead] = field(default_factory=dict)

    def note(self, name: str, reason: str, now: float) -> None:
        """Take it that an object does not answer: it rests, twice as long each time."""
        before = self.known.get(name)
        seconds = min(2 * before.seconds, LONGEST_SECONDS) if before else FIRST_SECONDS
        self.known[name] = _Dead(reason, seconds, now + seconds)

    def forget(self, name: str) -> None:
        """Take it that an object answers again."""
        self.known.pop(name, None)

    def rests(self, name: str, now: float) -> bool:
        """Whether an object is not asked for now."""
        dead = self.known.get(name)
        return dead is not None and now < dead.until

    def why(self, name: str) -> str:
        """What is wrong with an object, for a person; empty for one that answers."""
        dead = self.known.get(name)
        if dead is None:
            return ""
        return f"{name}: {dead.reason}; left out, tried again after {_words(dead.seconds)}"

    def try_again(self) -> None:
        """Let all be asked for: the device has started anew."""
        for dead in self.known.values():
            dead.until = float("-inf")


def _words(seconds: float) -> str:
    if seconds < HOUR:
        return f"{seconds / MINUTE:.0f} minutes"
    return f"{seconds / HOUR:.0f} hours"
