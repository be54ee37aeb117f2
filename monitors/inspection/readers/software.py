"""Packages that are installed, services that run, updates that wait."""

import re

from monitors.inspection.model import Updates
from monitors.inspection.values import bounded, number

WHOLE = "whole"
UPGRADABLE = re.compile(r"(?P<package>[^/\s]+)/(?P<suites>\S+) \S+ \S+ \[upgradable from: ")
TIME = re.compile(r"(lists|now) \d+")


def read_packages(packages: str) -> tuple[str, ...]:
    """Return the names of installed packages, from dpkg-query's `ii name` lines."""
    rows = (line.split() for line in packages.splitlines())
    return bounded(sorted({row[-1] for row in rows if len(row) >= 2 and row[0].startswith("ii")}))


def read_services(units: str) -> tuple[str, ...]:
    """Return the units of services that run."""
    rows = (line.split() for line in units.splitlines())
    return bounded(sorted({row[0] for row in rows if row and row[0].endswith(".service")}))


def read_updates(updates: str) -> Updates | None:
    """Return what `apt list --upgradable` lists, from lists of packages as old as they are.

    None when it came to no end: its cache is stale, and it may not write a new one.
    """
    lines = updates.splitlines()
    if WHOLE not in lines:
        return None
    waiting = [match for line in lines if (match := UPGRADABLE.match(line))]
    times = dict(line.split() for line in lines if TIME.fullmatch(line))
    return Updates(
        packages=bounded([match["package"] for match in waiting]),
        security=sum("-security" in match["suites"].lower() for match in waiting),
        listed=number(times.get("lists", "")),
        asked=number(times.get("now", "")),
    )
