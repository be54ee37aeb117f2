"""Measures backups and drills against bare restic: `python -m tests.bench.continuity [FILES MIB]`.

Side by side in one run, in turns, on one repository of this machine's disk: a run of which nothing
changed against `restic backup`, a drill against `restic restore --verify`; of the drill, what
recovery needs with the proof of every file, and all of it, which reads the whole repository first.
"""

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from operator import truediv
from pathlib import Path
from types import ModuleType
from typing import Any

from tests.bench.report import table, write_section
from tests.playbooks.programs import program
from tests.playbooks.repositories import make_repository

FILES, MIB, RUNS = 100_000, 1024, 3
FILE_OCTETS, FOLDERS = 1000, 100
LARGE_MIB = 16
PASSWORD = "correct horse"
GOALS = {"backup": 1.2, "drill": 1.5}
HOST = "velgora-files"


@dataclass(slots=True)
class Stand:
    """Both programs, which work in a folder instead of on hosts, and restic by itself."""

    folder: Path
    backup: ModuleType
    drill: ModuleType

    @property
    def restic(self) -> list[str]:
        """restic with what both programs give it."""
        secret = ("--password-file", str(self.folder / "password"))
        return ["restic", "--repo", str(self.folder / "repository"), *secret, *self.cache]

    @property
    def cache(self) -> tuple[str, str]:
        """A cache that stays, as on a host."""
        return ("--cache-dir", str(self.folder / "cache"))

    def plan(self, path: Path) -> Any:
        """Return a plan of one folder."""
        return self.backup.Plan(
            id=path.name, host=HOST, municipality="velgora", target="central-vault",
            target_address="192.0.2.1", target_user="nobody", paths=(str(path),), database="",
        )  # fmt: skip


def stand(folder: Path) -> Stand:
    """Let both programs work in a folder."""
    made = Stand(folder, program("bastide_backup"), program("bastide_drill"))
    (folder / "password").write_text(PASSWORD)
    make_repository(folder / "repository", PASSWORD)
    for module, name, value in (
        (made.backup, "STATE", folder / "state"),
        (made.backup, "STAGING", folder / "state" / "staging"),
        (made.backup, "restic_command", lambda _: made.restic),
        (made.drill, "STAGING", folder / "state" / "staging"),
        (made.drill, "reach", lambda _: ["--repo", str(folder / "repository")]),
    ):
        setattr(module, name, value)
    return made


def fill(folder: Path, files: int, octets: int) -> None:
    """Write so many files of random octets, a hundred folders of them."""
    for number in range(files):
        where = folder / f"{number % FOLDERS:03}"
        where.mkdir(parents=True, exist_ok=True)
        (where / f"{number:06}").write_bytes(os.urandom(octets))


def bare(stand: Stand, *words: str) -> None:
    """Run restic by itself."""
    subprocess.run([*stand.restic, *words], check=True, capture_output=True)


def measured(act: Callable[[], object]) -> tuple[float, float]:
    """Return the seconds that something takes, and those of CPU, its programs' included."""
    used, began = _cpu_seconds(), time.monotonic()
    act()
    return time.monotonic() - began, _cpu_seconds() - used


def _cpu_seconds() -> float:
    usages = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def run_backup(stand: Stand, folder: Path) -> None:
    """Make a run of the program; what failed was not measured."""
    found = stand.backup.run(stand.plan(folder), -1)
    if not found["ok"]:
        raise SystemExit(found["error"])


def run_drill(stand: Stand, folder: Path) -> float:
    """Make a drill with all of its proof; return how long recovery took of it, in seconds."""
    request = stand.drill.Request(
        HOST, "velgora", folder.name, "", "central-vault", "192.0.2.1", 86_400, "100%"
    )
    found = stand.drill.run(request, PASSWORD, stand.folder / "work")
    if not found["ok"]:
        raise SystemExit(found["error"])
    return float(found["rto_seconds"])


def bare_restore(stand: Stand, folder: Path) -> None:
    """Restore the newest snapshot and let restic verify it."""
    with tempfile.TemporaryDirectory(dir=stand.folder) as target:
        tag = ("--tag", f"plan={folder.name}")
        bare(stand, "restore", "latest", *tag, "--target", target, "--verify", "--no-lock")


def compared(ours: Callable[[], object], other: Callable[[], object]) -> list[tuple[float, ...]]:
    """Return, of each round, our seconds and CPU seconds and the other's."""
    return [(*measured(other), *measured(ours)) for _ in range(RUNS)]


def recovery_row(what: str, rounds: list[tuple[float, ...]], recoveries: list[float]) -> list[str]:
    """Return the line of what a recovery needs of a drill, as the drill has measured it."""
    bare_seconds = [r[0] for r in rounds]
    times = [f"{statistics.median(found):.1f} s" for found in (recoveries, bare_seconds)]
    ratio = statistics.median(map(truediv, recoveries, bare_seconds))
    return [what, *times, f"{ratio:.2f}", "", f"{GOALS['drill']:.1f}"]


def row(what: str, rounds: list[tuple[float, ...]], goal: float | None) -> list[str]:
    """Return a line of the table: medians, and the median of the rounds' ratios."""
    bare_seconds, bare_cpu, own_seconds, own_cpu = map(statistics.median, zip(*rounds, strict=True))
    ratio = statistics.median(r[2] / r[0] for r in rounds)
    cpu = statistics.median(r[3] / r[1] for r in rounds)
    times = [f"{own_seconds:.1f} s ({own_cpu:.1f})", f"{bare_seconds:.1f} s ({bare_cpu:.1f})"]
    return [what, *times, f"{ratio:.2f}", f"{cpu:.2f}", f"{goal:.1f}" if goal else ""]


def main() -> None:
    """Measure and write the section."""
    given = [int(word) for word in sys.argv[1:]]
    files, mib = (*given, *(FILES, MIB)[len(given) :])
    with tempfile.TemporaryDirectory(dir="/var/tmp") as name:
        here = stand(Path(name))
        many, large = here.folder / "many", here.folder / "large"
        fill(many, files, FILE_OCTETS)
        fill(large, mib // LARGE_MIB, LARGE_MIB * 2**20)
        run_backup(here, many)
        run_backup(here, large)
        host = ("--host", HOST, "--tag", "plan=many")
        nightly = compared(
            lambda: run_backup(here, many), lambda: bare(here, "backup", *host, str(many))
        )
        recoveries: list[float] = []
        drills = compared(
            lambda: recoveries.append(run_drill(here, large)), lambda: bare_restore(here, large)
        )
    load = Path("/proc/loadavg").read_text().split()[0]
    lines = [
        f"{RUNS} rounds, in each restic by itself and then ours, at a load of {load} in the end; "
        "seconds, with those of CPU.",
        "",
        *table(
            ("what", "ours", "bare restic", "ratio", "ratio of CPU", "goal"),
            [
                row(f"a run of which nothing changed, {files} files", nightly, GOALS["backup"]),
                recovery_row(f"restored and proved to L4, {mib} MiB", drills, recoveries),
                row(f"… with all data of the repository read (L3), {mib} MiB", drills, None),
            ],
        ),
    ]
    text = "\n".join(lines)
    if not given:
        text = write_section("Backups and drills", "python -m tests.bench.continuity", lines)
    sys.stdout.write(f"{text}\n")


if __name__ == "__main__":
    main()
