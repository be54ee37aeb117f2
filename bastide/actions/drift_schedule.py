"""The systemd units by which the machine with the state looks for drift."""

import subprocess
from pathlib import Path

from bastide.actions.scaffold import render
from bastide.support.errors import CommandError, Exit
from bastide.support.estate import EstateContext
from bastide.support.shipped_files import program
from inventory.files import write_whole

READABLE = 0o644


def write_units(context: EstateContext, calendar: str, folder: Path) -> Path:
    """Write the service and its timer, and return the timer's file.

    Raises CommandError when systemd does not take `calendar` for a time (systemd.time(7)).
    """
    _refuse_no_time(calendar)
    values = {
        "estate": context.estate.estate,
        "folder": context.folder,
        "state_home": context.state.parent,
        "program": program("bastide"),
        "calendar": calendar,
    }
    for kind in ("service", "timer"):
        file = folder / f"{unit_name(context)}.{kind}"
        write_whole(file, render(f"drift.{kind}.j2", **values), READABLE)
    return file


def unit_name(context: EstateContext) -> str:
    """Return the name of an estate's units, without their kind."""
    return f"bastide-infra-drift-{context.estate.estate}"


def _refuse_no_time(calendar: str) -> None:
    done = subprocess.run(
        ["systemd-analyze", "calendar", "--", calendar],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise CommandError(
            f"--calendar {calendar!r}: systemd knows no such time\n    expected: hourly, daily or "
            "'*-*-* 06:00' (systemd.time(7))\n    do: try it with `systemd-analyze calendar`",
            Exit.WRONG_USE,
        )
