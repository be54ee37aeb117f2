"""Recordings asked for the profiles that suit them, as the exporter would show it."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from monitors.snmp.metric_families import render
from monitors.snmp.poll_result import TableResult
from monitors.snmp.recording.reader import read
from monitors.snmp.recording.recorded_session import poll_recording

RECORDINGS = Path(__file__).resolve().parents[4].parent / "shared" / "recordings"


@dataclass(frozen=True, slots=True)
class Case:
    """A recording and what it must give: lines of Prometheus' text, and metrics that it lacks.

    ``pinned`` are the profiles to ask for (none: those that suit), ``profiles`` some of those
    that the device gets, ``problems`` parts of what must be reported of single values.
    """

    name: str
    about: str
    recording: str
    pinned: tuple[str, ...] = ()
    profiles: tuple[str, ...] = ()
    shown: tuple[str, ...] = ()
    not_shown: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Asked:
    """What a recorded device gave: its profiles, how each table went, and Prometheus' text."""

    profiles: tuple[str, ...]
    outcomes: tuple[TableResult, ...]
    lines: tuple[str, ...]

    @property
    def metrics(self) -> frozenset[str]:
        """The names of all metrics."""
        return frozenset(line.split()[2] for line in self.lines if line.startswith("# TYPE "))

    @property
    def problems(self) -> tuple[str, ...]:
        """What was reported of single values."""
        return tuple(problem.text for outcome in self.outcomes for problem in outcome.problems)


def cases(directory: Path) -> list[Case]:
    """The cases in a directory, a YAML file each."""
    return [_case(path) for path in sorted(directory.glob("*.yml"))]


def _case(path: Path) -> Case:
    case = yaml.safe_load(path.read_text(encoding="utf-8"))
    lists = {key: tuple(value) for key, value in case.items() if isinstance(value, list)}
    return Case(path.stem, case["about"], case["recording"], **lists)


@cache
def ask(path: Path, pinned: tuple[str, ...] = ()) -> Asked:
    """Poll a recording once, for the ``pinned`` profiles or for all that suit it."""
    progress, families = poll_recording(read(path), pinned)
    text = render(families)
    return Asked(
        tuple(profile.profile for profile in progress.profiles),
        tuple(progress.results),
        tuple(text.splitlines()),
    )
