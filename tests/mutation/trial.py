"""Tests on trial: run them once for every mutant of a module, in a copy of the tree.

Each run is a child of this process, which has imported all that does not import the module: that
saves two seconds a mutant. `python -m tests.mutation` makes the copy and calls this.
"""

import importlib
import json
import os
import resource
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import click
import hypothesis
import pytest

from tests.mutation.coverage import OUTSIDE, TRIED_FIRST, LineRecorder, who_runs
from tests.mutation.equivalent import is_equivalent, load_equivalents
from tests.mutation.mutants import Mutant, mutants

IMPORTED = Path(".imported")  # what the tests imported, themselves left out, a name a line
LINES = Path(".lines")  # which lines of the module each test runs
OUTPUT = Path(".output")  # what the newest run printed
FIGURES = Path(".figures")  # the last line of each module

TIMES_SLOWER = 4  # a mutant that takes this many times as long as the unchanged module ...
SECONDS_MORE = 60  # ... and this much more is one that never ends: noticed
COMPUTING_MORE = 2  # ... and so is one that computes twice as long and this much more


@dataclass(frozen=True)
class Run:
    """How tests ended: pytest's exit status (None: stopped at the limit), seconds, CPU seconds."""

    status: int | None
    seconds: float
    computing: float


def main(every: int, module: Path, tests: Sequence[str]) -> int:
    """Print which mutants of a module survive its tests, of all or of every so many.

    Returns 0, 1 for survivors, 2 when the tests fail without any mutant.
    """
    unchanged = _in_child(lambda: _run_unchanged(module, tests), limit=3600)
    if unchanged.status != pytest.ExitCode.OK:
        click.echo(f"{OUTPUT.read_text()}\n{module}: its tests fail without any mutant")
        return 2
    _import(IMPORTED.read_text().split(), without=".".join(module.with_suffix("").parts))
    _forget_bytecode(module)
    source = module.read_text()
    made, listed = list(mutants(source)), load_equivalents(str(module))
    click.echo(f"{module}: {len(made)} mutants, {unchanged.seconds:.1f} s for {' '.join(tests)}")
    chosen = made[every // 2 :: every]
    tried = [mutant for mutant in chosen if not is_equivalent(mutant, listed)]
    survivors = [mutant for mutant in tried if _survives(mutant, module, tests, unchanged)]
    module.write_text(source)
    sample = f" (1 in {every})" if every > 1 else ""
    killed = len(tried) - len(survivors)
    figure = (
        f"{module}: {killed} of {len(chosen)}{sample} killed ({killed / max(len(chosen), 1):.0%}), "
        f"{len(chosen) - len(tried)} equivalent, {len(survivors)} missed"
    )
    click.echo(figure)
    with FIGURES.open("a") as figures:
        figures.write(f"{figure}\n")
    return 1 if survivors else 0


def _survives(mutant: Mutant, module: Path, tests: Sequence[str], unchanged: Run) -> bool:
    module.write_text(mutant.source)
    limit = unchanged.seconds * TIMES_SLOWER + SECONDS_MORE
    computing = int(unchanged.computing * 2) + COMPUTING_MORE
    for chosen in stages(mutant.line, module, tests):
        run = _in_child(partial(_run_mutant, chosen), limit, computing)
        if _is_noticed(run, by_all=chosen is tests):
            if run.status is None:
                click.echo(f"{module}:{mutant.line} does not end\n{mutant.diff}\n")
            return False
    click.echo(f"{module}:{mutant.line} survives\n{mutant.diff}\n")
    return True


def stages(line: int, module: Path, tests: Sequence[str]) -> Iterator[Sequence[str]]:
    """Yield the tests to try a mutant on: the likely ones, the others that run its line, or all.

    All where it runs in imports and fixtures or none is known to run it (a table is one line to
    Python, the first), and for programs: what those run is not recorded.
    """
    lines: dict[str, list[int]] = json.loads(LINES.read_text())
    running = who_runs(line, lines)
    everywhere = line in lines[OUTSIDE] or not running or module.parts[0] == "playbooks"
    stages = running[:TRIED_FIRST], tests if everywhere else running[TRIED_FIRST:]
    yield from filter(None, stages)


def _is_noticed(run: Run, *, by_all: bool) -> bool:
    """Whether tests failed; of tests named one by one, that one is not there proves nothing."""
    absent = set() if by_all else {pytest.ExitCode.USAGE_ERROR, pytest.ExitCode.NO_TESTS_COLLECTED}
    return run.status not in {pytest.ExitCode.OK, *absent}


def _run_unchanged(module: Path, tests: Sequence[str]) -> int:
    """Run tests on the unchanged module; write what they import and which of its lines they run."""
    status = _pytest(tests, LineRecorder(module, LINES))
    IMPORTED.write_text("\n".join(_imported()))
    return status


def _run_mutant(tests: Sequence[str]) -> int:
    sys.dont_write_bytecode = True
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
    return _pytest(tests)


def _pytest(tests: Sequence[str], *plugins: object) -> int:
    # The same examples every time, and no search for the smallest: one failure is enough.
    hypothesis.settings.register_profile(
        "mutants",
        derandomize=True,
        phases=(hypothesis.Phase.explicit, hypothesis.Phase.generate),
    )
    hypothesis.settings.load_profile("mutants")
    markers = "not lab and not town" + (" and not root" if os.geteuid() else "")
    arguments = ["-x", "-q", "--failed-first", "-m", markers, *tests]
    return int(pytest.main(arguments, plugins=plugins))


def _imported() -> list[str]:
    """Return the names of all imported modules that are files, but for the tests."""
    return [
        name
        for name, module in sys.modules.items()
        if getattr(module, "__file__", None) and not name.startswith("tests")
    ]


def _import(names: Sequence[str], without: str) -> None:
    """Import modules, but not one nor what imports it: those fail as if it were not there."""
    sys.modules[without] = None  # type: ignore[assignment]
    for name in names:
        with suppress(Exception):
            importlib.import_module(name)
    del sys.modules[without]


def _forget_bytecode(module: Path) -> None:
    """Remove what Python would take for a mutant of the same size and second."""
    for compiled in module.parent.glob(f"__pycache__/{module.stem}.*.pyc"):
        compiled.unlink()


def _in_child(action: Callable[[], int], limit: float, computing: int = 0) -> Run:
    """Run an action in a child process; all that it started is stopped at its end."""
    started, computed = time.monotonic(), _computed_by_children()
    child = os.fork()
    if child == 0:
        os.setsid()
        if computing:
            resource.setrlimit(resource.RLIMIT_CPU, (computing, computing))
        output = os.open(OUTPUT, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        for stream in (1, 2):
            os.dup2(output, stream)
        os._exit(action())
    status: int | None = None
    while time.monotonic() - started < limit:
        done, code = os.waitpid(child, os.WNOHANG)
        if done:
            status = os.waitstatus_to_exitcode(code)
            break
        time.sleep(0.02)
    with suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)
    if status is None:
        os.waitpid(child, 0)
    return Run(status, time.monotonic() - started, _computed_by_children() - computed)


def _computed_by_children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:]))
