"""Recorded hosts: a folder each, a file for what each subject's command printed.

`web` is a Debian 12 in a container with most of what can be found (recorded 2026-11-27);
`firewalld` and `legacy` are the same host behind other firewalls.
"""

from collections.abc import Mapping
from pathlib import Path

from monitors.collection.bundle import Answer
from monitors.inspection.answers import NOT_THERE, Answers
from monitors.inspection.commands import COMMANDS
from monitors.inspection.model import Inspection
from monitors.inspection.reading import read_inspection

CASES = Path(__file__).parents[2] / "cases" / "inspection"


def text(case: str, subject: str) -> str:
    """Return what a recorded host printed for a subject."""
    return (CASES / case / f"{subject}.txt").read_text(encoding="utf-8")


def texts(case: str) -> dict[str, str]:
    """Return all that a recorded host printed, by subject."""
    return {file.stem: file.read_text(encoding="utf-8") for file in (CASES / case).glob("*.txt")}


def answers(printed: Mapping[str, str]) -> Answers:
    """Return answers as of a host that has what is printed, and nothing else installed."""
    return Answers(
        COMMANDS,
        {
            command: Answer(0, printed[subject]) if subject in printed else Answer(NOT_THERE)
            for subject, command in COMMANDS.items()
        },
    )


def inspection(case: str, **changes: str) -> Inspection:
    """Return a recorded host as it is read, with other texts for some subjects."""
    return read_inspection(answers({**texts(case), **changes}))
