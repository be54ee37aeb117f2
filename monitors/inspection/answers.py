"""What a host's commands printed, by the subject that they were asked for."""

from collections.abc import Mapping
from dataclasses import dataclass

from monitors.collection.bundle import Answer
from monitors.inspection.values import host_text

NOT_THERE = 127
"""The exit status of a command whose program is not installed (POSIX, 2.8.2)."""
WORDS = 120


@dataclass(frozen=True, slots=True)
class Answers:
    """The answers of one host; `by_command` has them as the bundle names them."""

    commands: Mapping[str, str]
    by_command: Mapping[str, Answer]

    def text(self, subject: str) -> str:
        """Return what was printed; nothing where no whole answer came."""
        answer = self.by_command.get(self.commands.get(subject, ""))
        return "" if answer is None or answer.rc is None or answer.truncated else answer.stdout

    def unread(self) -> tuple[tuple[str, str], ...]:
        """Return the subjects of which nothing whole came, each with the reason.

        A program that is not installed is no gap: what it would speak of is not there either.
        """
        reasons = ((subject, self._reason(command)) for subject, command in self.commands.items())
        return tuple((subject, reason) for subject, reason in reasons if reason)

    def _reason(self, command: str) -> str:
        answer = self.by_command.get(command)
        if answer is None:
            return "not asked"
        if answer.rc is None:
            return host_text(answer.late)
        if answer.truncated:
            return "printed more than is taken"
        if answer.rc in (0, NOT_THERE):
            return ""
        return host_text(answer.stderr.strip()[:WORDS]) or f"ended with status {answer.rc}"
