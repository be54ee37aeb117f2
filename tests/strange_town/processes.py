"""Programs, and process groups that end together: one control group a machine."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

END_SECONDS = 10.0
POLL_SECONDS = 0.02
# Joins the control groups, leaves its process id and becomes the program.
LAUNCHER = """
pid_file=$1; groups=$2; shift 2
for group in $groups; do echo $$ > "$group/cgroup.procs" || exit 126; done
echo $$ > "$pid_file"
exec "$@"
"""


class TownError(Exception):
    """What could not be done, with what was said about it."""


def run(*argv: str, stdin: bytes | None = None, timeout: float = 60.0) -> str:
    """Run a program and return what it printed; TownError with its last words when it fails."""
    done = subprocess.run(argv, input=stdin, capture_output=True, check=False, timeout=timeout)
    if done.returncode != 0:
        said = (done.stderr or done.stdout).decode(errors="replace")
        raise TownError(f"{' '.join(argv)[:300]}: exit {done.returncode}: {said[-1500:]}")
    return done.stdout.decode(errors="replace")


def groups(name: str) -> tuple[Path, ...]:
    """Return the control group of that name in each hierarchy, systemd's (or v2) first.

    cpuset is left out: a new v1 group has no processors until somebody gives it some.
    """
    mounts = [line.split() for line in Path("/proc/mounts").read_text().splitlines()]
    points = [
        Path(point)
        for _, point, kind, options, *_ in mounts
        if kind == "cgroup2" or (kind == "cgroup" and "cpuset" not in options.split(","))
    ]
    points.sort(key=lambda point: (point.name != "systemd", str(point)))
    return tuple(point / "strange-town" / name for point in points)


def launch(name: str, argv: tuple[str, ...], pid_file: Path, log: Path, **extra: str) -> None:
    """Start a program in a session and control groups of its own; it outlives us."""
    made = groups(name)
    for group in made:
        group.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        subprocess.run(
            ("setsid", "--fork", *launcher(made, argv, pid_file)),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=environment(extra),
            cwd="/",
            check=True,
        )


def run_grouped(name: str, argv: tuple[str, ...], pid_file: Path, log: Path) -> int:
    """Run a program to its end in control groups of its own, and end what it left behind."""
    made = groups(name)
    for group in made:
        group.mkdir(parents=True, exist_ok=True)
    try:
        with log.open("ab") as output:
            return subprocess.run(
                launcher(made, argv, pid_file),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=environment({}),
                check=False,
            ).returncode
    finally:
        end(name)
        pid_file.unlink(missing_ok=True)


def launcher(made: tuple[Path, ...], argv: tuple[str, ...], pid_file: Path) -> tuple[str, ...]:
    """Return the command that runs a program inside control groups."""
    return ("sh", "-c", LAUNCHER, "sh", str(pid_file), " ".join(map(str, made)), *argv)


def environment(extra: Mapping[str, str]) -> dict[str, str]:
    """Return a plain environment: nothing of ours reaches the town."""
    path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    return {"PATH": path, "LC_ALL": "C.UTF-8", **extra}


def members(name: str) -> frozenset[int]:
    """Return the process ids of a control group and those below it."""
    return _members(groups(name)[0])


def _members(group: Path) -> frozenset[int]:
    pids: set[int] = set()
    for folder, _, _ in os.walk(group):
        with contextlib.suppress(OSError):  # the group ended while we looked
            pids |= {int(pid) for pid in (Path(folder) / "cgroup.procs").read_text().split()}
    return frozenset(pids)


def signal_all(name: str, number: signal.Signals) -> None:
    """Send a signal to every process of a control group."""
    for pid in members(name):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def end(name: str) -> None:
    """End every process of the group at once and remove the group; no error when there is none."""
    deadline = time.monotonic() + END_SECONDS
    for group in groups(name):
        while pids := _members(group):
            for pid in pids:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            if time.monotonic() > deadline:
                raise TownError(f"{name}: processes {sorted(pids)} survive SIGKILL")
            time.sleep(POLL_SECONDS)
    for group in groups(name):
        _remove(group, deadline)
        with contextlib.suppress(OSError):  # another town's groups are in it
            group.parent.rmdir()


def _remove(group: Path, deadline: float) -> None:
    for folder, _, _ in os.walk(group, topdown=False):
        while Path(folder).exists():
            try:
                Path(folder).rmdir()
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(POLL_SECONDS)  # the kernel may need a moment to let go
