"""Packages that a run installed or removed, put back by apt."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence

QUIET = (
    *("--quiet", "--yes", "--no-install-recommends", "--option=DPkg::Lock::Timeout=120"),
    *("--option=Dpkg::Options::=--force-confold", "--option=APT::Get::Show-User-Simulation-Note=0"),
)
# dpkg wants to find the programs of the system's own.
PROGRAMS = "/usr/sbin:/usr/bin:/sbin:/bin"


class AptError(Exception):
    """apt refused or failed; what it said."""


def apt(*arguments: str) -> str:
    """Run apt-get without questions; return what it prints."""
    done = subprocess.run(
        ["apt-get", *QUIET, *arguments],
        check=False,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        env={
            **os.environ,
            "LC_ALL": "C",
            "DEBIAN_FRONTEND": "noninteractive",
            "PATH": f"{os.environ.get('PATH', '')}:{PROGRAMS}",
        },
    )
    if done.returncode:
        lines = (done.stderr or done.stdout).strip().splitlines()
        raise AptError(lines[-1] if lines else f"apt-get ended with {done.returncode}")
    return done.stdout


def would_go(names: Sequence[str]) -> set[str]:
    """Return all packages that apt would remove with these."""
    lines = apt("--simulate", "purge", "--", *names).splitlines()
    rows = (line.split() for line in lines if line.startswith(("Remv ", "Purg ")))
    return {row[1].partition(":")[0] for row in rows}


def removable(names: Sequence[str]) -> dict[str, list[str]]:
    """Return which of the packages have to stay, each with what else would go with it."""
    if not names:
        return {}
    try:
        stay: dict[str, list[str]] = {}
        while rest := [name for name in names if name not in stay]:
            if not would_go(rest) - set(names) - set(stay) and not would_go(rest) & set(stay):
                break
            needed = {name: sorted(would_go([name]) - set(rest)) for name in rest}
            fresh = {name: users for name, users in needed.items() if users}
            if not fresh:
                break
            stay |= fresh
    except (AptError, OSError) as error:
        return {name: [f"apt ({error})"] for name in names}
    return stay
