"""What is wrong, said so that an administrator can act on it."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is not as it must be."""

    subject: str
    expected: str
    found: str
    advice: str

    def __str__(self) -> str:
        """Return the problem as one line of prose."""
        return f"{self.subject}: expected {self.expected}, found {self.found}; {self.advice}"


class InfraError(Exception):
    """What was asked cannot be done; carries every problem found, not just the first."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        """Keep the problems and join them to one message, a problem a line."""
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)


def failed(subject: str, *, expected: str, found: str, advice: str) -> InfraError:
    """Return an error with one problem in it."""
    return InfraError((Problem(subject, expected, found, advice),))
