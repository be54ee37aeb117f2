"""Agents answer odd things in the place of numbers: nothing breaks, nothing impossible is shown."""

import re
from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest

from monitors.snmp.units import unit_of
from tests.monitors.snmp.profiles.asked import ask

RECORDINGS = sorted((Path(__file__).parent / "cases" / "synthetic").glob("*.snmprec"))
NUMBERS = frozenset({"2", "65", "66", "67", "70"})
STANDARD = "1.3.6.1.2.1."
SAMPLE = re.compile(r"(bastide_\w+)(?:\{.*\})? (\S+)")
# Each makes another type and value of a number.
ODD: tuple[Callable[[str], tuple[str, str]], ...] = (
    lambda _: ("2", "-1"),
    lambda _: ("66", "4294967295"),
    lambda _: ("2", "2147483647"),
    lambda _: ("2", "-2147483648"),
    lambda _: ("2", "65535"),
    lambda _: ("66", "32767"),
    lambda _: ("70", "18446744073709551615"),
    lambda value: ("4", value),
    lambda value: ("4", f"{value} C"),
    lambda _: ("4", "N/A"),
    lambda _: ("4", ""),
    lambda _: ("4x", "ffffffff"),
    lambda _: ("5", ""),
    lambda _: ("6", "0.0"),
)


def oddly(recording: Path, first: int) -> str:
    """A recording in which each of the maker's numbers is another odd thing, in turns."""
    turn = count(first)
    lines = []
    for line in recording.read_text(encoding="utf-8").splitlines():
        name, kind, value = line.split("|", 2) if "|" in line else (line, "", "")
        if kind in NUMBERS and not name.startswith(STANDARD):
            kind, value = ODD[next(turn) % len(ODD)](value)
        lines.append(f"{name}|{kind}|{value}" if kind else line)
    return "\n".join(lines)


@pytest.mark.parametrize("recording", RECORDINGS, ids=lambda recording: recording.stem)
@pytest.mark.parametrize("first", [0, 5, 10])
def test_what_is_shown_can_be(recording: Path, first: int, tmp_path: Path) -> None:
    odd = tmp_path / recording.name
    odd.write_text(oddly(recording, first), encoding="utf-8")
    shown = [match for line in ask(odd).lines if (match := SAMPLE.fullmatch(line))]
    unit = [(match[0], unit_of(match[1]), float(match[2])) for match in shown]
    assert [line for line, of, value in unit if of and not of.least <= value <= of.most] == []
