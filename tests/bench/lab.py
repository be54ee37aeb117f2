"""`make bench`: how long the lab takes cold, rebuilt and unchanged; writes docs/benchmarks.md.

Cold means no image, no package cache, no lab; rebuilt means a new lab from the caches; unchanged
means `bastide up` once more. Python packages and Debian packages of this machine are installed.
"""

import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from inventory.paths import state_directory
from tests.bench.report import table, write_section
from tests.command import bastide, bastide_json

ESTATE = "lab"
GOALS_SECONDS: dict[str, float | None] = {
    "cold: `bastide up`, nothing cached": 360.0,
    "rebuilt: `bastide up`, image and packages cached": None,
    "provisioned: machines booted and answering SSH (rebuilt)": 15.0,
    "unchanged: `bastide up` again": 60.0,
}
HOSTS = 10
FIRST_HARDENING_SECONDS = 120.0
HARDENING_SECONDS = 3.0 * HOSTS


def main() -> int:
    """Measure, print and write the table; refuse while the lab is up."""
    if (state_directory(ESTATE) / "outputs.json").exists():
        print("the lab is up; take it down first: make lab-down", file=sys.stderr)  # noqa: T201
        return 2
    with tempfile.TemporaryDirectory(prefix="bastide-bench-", dir="/var/tmp") as cache:
        Path(cache).chmod(0o755)  # apt-cacher-ng runs as its own user
        caches = {"BASTIDE_CACHE_HOME": cache}
        cold = _up(caches)
        _down(caches)
        rebuilt = _up(caches)
        unchanged = _up(caches)
        _down(caches)
    measured = (
        cold["seconds"],
        rebuilt["seconds"],
        rebuilt["stages"]["provision"],
        unchanged["seconds"],
    )
    lines = _lines(
        measured,
        hardening(rebuilt, unchanged),
        {"cold": cold, "rebuilt": rebuilt, "unchanged": unchanged},
    )
    print(write_section("The lab", "make bench", lines))  # noqa: T201
    return 0


def _up(caches: Mapping[str, str]) -> Any:
    return bastide_json("up", "--estate", ESTATE, **caches)


def _down(caches: Mapping[str, str]) -> None:
    done = bastide("down", "--estate", ESTATE, "--yes", **caches)
    if done.returncode:
        raise SystemExit(done.stderr)


def hardening(first: Any, again: Any) -> list[tuple[str, ...]]:
    """Return the table's rows of the first hardening of all hosts, and of an unchanged one's."""
    rows = (("first", first, FIRST_HARDENING_SECONDS), ("unchanged", again, HARDENING_SECONDS))
    times = [
        (name, *(time for time in run["playbooks"] if time["name"] == "harden.yml"), goal)
        for name, run, goal in rows
    ]
    return [
        (
            f"harden.yml, {name}, {HOSTS} hosts ({time['tasks']} tasks)",
            f"{time['seconds']:.0f} s",
            _goal(goal),
            _ratio(time["seconds"], goal),
        )
        for name, time, goal in times
    ]


def _lines(
    measured: tuple[float, ...], rows: Sequence[tuple[str, ...]], runs: Mapping[str, Any]
) -> list[str]:
    goals = zip(GOALS_SECONDS.items(), measured, strict=True)
    return [
        *table(
            ("what", "measured", "goal", "ratio"),
            [
                (name, f"{seconds:.0f} s", _goal(goal), _ratio(seconds, goal))
                for (name, goal), seconds in goals
            ]
            + list(rows),
        ),
        "Seconds a stage:",
        "",
        *table(
            ("stage", *runs),
            [
                (stage, *(f"{seconds:.1f}" for seconds in _of(stage, runs)))
                for stage in runs["cold"]["stages"]
            ],
        ),
    ]


def _of(stage: str, runs: Mapping[str, Any]) -> list[float]:
    return [run["stages"][stage] for run in runs.values()]


def _goal(goal: float | None) -> str:
    return f"{goal:.0f} s" if goal else "none"


def _ratio(seconds: float, goal: float | None) -> str:
    return f"{seconds / goal:.2f}" if goal else ""


if __name__ == "__main__":
    sys.exit(main())
