"""Tests on trial: run them once for every mutant of a module, in a copy of the tree.

Each run is a child of this process, which has imported all libraries but nothing of ours: that
saves two seconds a mutant. `python -m tests.mutation` makes the copy and calls this.
"""

import importlib
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import click
import hypothesis
import pytest

from tests.mutation.mutants import Mutant, mutants

LIBRARIES = Path(".libraries")  # what the tests imported that is not ours, a name a line
OUTPUT = Path(".output")  # what the newest run printed

TIMES_SLOWER = 4  # a mutant that takes this many times as long as the unchanged module ...
SECONDS_MORE = 15  # ... and this much more is one that never ends: noticed


@dataclass(frozen=True)
class Run:
    """How the tests ended: pytest's exit status (None: stopped at the limit) and seconds taken."""

    status: int | None
    seconds: float


def main(module: Path, tests: Sequence[str]) -> int:
    """Print which mutants of a module survive its tests. Returns 0, 1 for survivors, 2 for none."""
    unchanged = _in_child(lambda: _pytest(tests, LIBRARIES), limit=3600)
    if unchanged.status != pytest.ExitCode.OK:
        click.echo(f"{OUTPUT.read_text()}\n{module}: its tests fail without any mutant")
        return 2
    _import(LIBRARIES.read_text().split())
    _forget_bytecode(module)
    made = list(mutants(module.read_text()))
    click.echo(f"{module}: {len(made)} mutants, {unchanged.seconds:.1f} s for {' '.join(tests)}")
    limit = unchanged.seconds * TIMES_SLOWER + SECONDS_MORE
    survivors = [mutant for mutant in made if _survives(mutant, module, tests, limit)]
    killed = len(made) - len(survivors)
    click.echo(f"{module}: {killed} of {len(made)} killed ({killed / max(len(made), 1):.0%})")
    return 1 if survivors else 0


def _survives(mutant: Mutant, module: Path, tests: Sequence[str], limit: float) -> bool:
    module.write_text(mutant.source)
    run = _in_child(lambda: _pytest(tests), limit)
    if run.status != pytest.ExitCode.OK:
        return False
    click.echo(f"{module}:{mutant.line} survives\n{mutant.diff}\n")
    return True


def _pytest(tests: Sequence[str], libraries: Path | None = None) -> int:
    # The same examples every time, and no search for the smallest: one failure is enough.
    hypothesis.settings.register_profile(
        "mutants",
        derandomize=True,
        phases=(hypothesis.Phase.explicit, hypothesis.Phase.generate),
    )
    hypothesis.settings.load_profile("mutants")
    sys.dont_write_bytecode = libraries is None
    if libraries is None:
        os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
    status = pytest.main(["-x", "-q", "--failed-first", "-m", "not lab and not root", *tests])
    if libraries is not None:
        libraries.write_text("\n".join(_imported_libraries()))
    return int(status)


def _imported_libraries() -> list[str]:
    """Return the names of all imported modules that do not lie in the current folder."""
    here = str(Path.cwd())
    return [
        name
        for name, module in sys.modules.items()
        if (file := getattr(module, "__file__", None)) and not file.startswith(here)
    ]


def _import(names: Sequence[str]) -> None:
    for name in names:
        with suppress(Exception):
            importlib.import_module(name)


def _forget_bytecode(module: Path) -> None:
    """Remove what Python would take for a mutant of the same size and second."""
    for compiled in module.parent.glob(f"__pycache__/{module.stem}.*.pyc"):
        compiled.unlink()


def _in_child(action: Callable[[], int], limit: float) -> Run:
    """Run an action in a child process; all that it started is stopped at its end."""
    started = time.monotonic()
    child = os.fork()
    if child == 0:
        os.setsid()
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
    return Run(status, time.monotonic() - started)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
