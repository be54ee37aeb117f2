"""What is wrong with an estate, put so that the person who typed it can correct it."""

from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong: where it stands, what was expected, what to do."""

    file: Path
    line: int
    path: str
    message: str
    expected: str
    action: str

    def __str__(self) -> str:
        """Return `file:line: path: message`, then what was expected and what to do."""
        where = f"{self.file}:{self.line}" if self.line else str(self.file)
        subject = f"{self.path}: " if self.path else ""
        advice = f"    expected: {self.expected}\n    do: {self.action}"
        return f"{where}: {subject}{self.message}\n{advice}"

    def as_json(self) -> dict[str, str | int]:
        """Return the problem as plain JSON values."""
        return {**asdict(self), "file": str(self.file)}


class InventoryError(Exception):
    """An estate that cannot be used; it carries every problem found."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        """Keep the problems, in the order of files and lines."""
        self.problems = tuple(sorted(problems, key=lambda p: (str(p.file), p.line, p.path)))
        super().__init__("\n".join(str(problem) for problem in self.problems))
