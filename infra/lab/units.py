"""Processes that outlive the command that started them, one main process a unit."""

import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from infra.errors import failed
from infra.lab import cgroups
from infra.lab.cgroups import Limits
from infra.lab.commands import netns_path
from infra.lab.layout import Lab

START_SECONDS = 5.0
POLL_SECONDS = 0.01
LAST_LINES = 10

# Joins the unit's control groups, leaves its process id and becomes the program.
LAUNCHER = """
pid_file=$1; groups=$2; shift 2
for group in $groups; do echo $$ > "$group/cgroup.procs" || exit 126; done
echo $$ > "$pid_file"
exec "$@"
"""


@dataclass(frozen=True, slots=True)
class Unit:
    """A program to keep running: its name, arguments, log, limits, namespace, environment."""

    name: str
    argv: Sequence[str]
    log: Path
    limits: Limits
    netns: str | None = None
    environment: Mapping[str, str] = field(default_factory=dict)


def start(lab: Lab, unit: Unit) -> int:
    """Start a unit in a session of its own and return its process id; ends an earlier one first.

    InfraError, with the end of its log, when it ends within the first moments.
    """
    end(lab, unit.name)
    enter = ("nsenter", f"--net={netns_path(unit.netns)}") if unit.netns else ()
    unit.log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    command = launcher(lab, unit.name, (*enter, *unit.argv))
    cgroups.limit(lab, unit.name, unit.limits)
    with unit.log.open("ab") as log:
        # setsid --fork: the program belongs to init from its first moment, so that it is neither
        # ended with us nor left as a zombie.
        subprocess.run(
            ("setsid", "--fork", *command),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=_environment(unit.environment),
            cwd="/",
            check=True,
        )
    return _wait_for_start(lab, unit)


def launcher(lab: Lab, name: str, argv: Sequence[str]) -> tuple[str, ...]:
    """Return the command that runs a program as a unit's main process, in its control groups."""
    groups = " ".join(str(group) for group in cgroups.ensure(lab, name))
    return ("sh", "-c", LAUNCHER, "sh", str(pid_path(lab, name)), groups, *argv)


def _environment(added: Mapping[str, str]) -> dict[str, str]:
    path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    return {"PATH": path, "LANG": "C.UTF-8", **added}


def _wait_for_start(lab: Lab, unit: Unit) -> int:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        pid = running(lab, unit.name)
        if pid is not None:
            return pid
        time.sleep(POLL_SECONDS)
    raise failed(
        unit.name,
        expected=f"that {unit.argv[0]} runs",
        found=f"that it ended at once: {last_lines(unit.log)}",
        advice=f"read {unit.log}",
    )


def running(lab: Lab, name: str) -> int | None:
    """Return the id of the unit's main process, or None when it does not run."""
    try:
        pid = int(pid_path(lab, name).read_text())
    except (FileNotFoundError, ValueError):
        return None
    return pid if pid in cgroups.processes(lab, name) else None


def end(lab: Lab, name: str) -> None:
    """End a unit with all its processes; no error when it does not run."""
    cgroups.end(lab, name)
    pid_path(lab, name).unlink(missing_ok=True)


def pid_path(lab: Lab, name: str) -> Path:
    """Return where the id of a unit's main process is kept (until the next boot)."""
    return lab.runtime / f"{name}.pid"


def last_lines(log: Path) -> str:
    """Return the end of a log as one line, for a message."""
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return "no log"
    return " / ".join(line for line in lines[-LAST_LINES:] if line) or "an empty log"
