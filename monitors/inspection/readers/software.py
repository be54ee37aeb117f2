"""Packages that are installed, services that run, updates that wait."""

import re

from monitors.inspection.model import Updates
from monitors.inspection.values import bounded, number

SUMMARY = re.compile(r"^\d+ upgraded", re.MULTILINE)


def read_packages(packages: str) -> tuple[str, ...]:
    """Return the names of installed packages, from dpkg-query's `ii name` lines."""
    rows = (line.split() for line in packages.splitlines())
    return bounded(sorted({row[-1] for row in rows if len(row) >= 2 and row[0].startswith("ii")}))


def read_services(units: str) -> tuple[str, ...]:
    """Return the units of services that run."""
    rows = (line.split() for line in units.splitlines())
    return bounded(sorted({row[0] for row in rows if row and row[0].endswith(".service")}))


def read_updates(updates: str) -> Updates | None:
    """Return what `apt-get -s dist-upgrade` would install from lists as old as they are.

    None when it came to no end: its cache is stale, and it may not write a new one.
    """
    if not SUMMARY.search(updates):
        return None
    packages: list[str] = []
    security = 0
    times: dict[str, int | None] = {}
    for words in map(str.split, updates.splitlines()):
        if words[:1] == ["Inst"] and len(words) > 1:
            packages.append(words[1])
            security += any("-security" in word.lower() for word in words)
        elif len(words) == 2 and words[0] in ("lists", "now"):
            times[words[0]] = number(words[1])
    return Updates(
        packages=bounded(packages),
        security=security,
        listed=times.get("lists"),
        asked=times.get("now"),
    )
