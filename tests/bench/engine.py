"""`python -m tests.bench.engine [N …]`: each engine creates N small resources and leaves them.

Prints a table: seconds, CPU seconds of engine, program and plugin together, MiB of the largest
process, MiB that the engine wrote. The toy provider of the engine's tests makes a file for each.
"""

import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from infra.engine.api import Operation
from tests.infra.engine import harness
from tests.oracles.programs import PULUMI

SIZES = (1000, 5000)
MIB = 1024 * 1024


def main(sizes: list[int]) -> None:
    """Measure each engine, each size in a process of its own."""
    print("| engine | resources | operation | s | CPU s | MiB at most | MiB written |")  # noqa: T201
    print("| --- | --- | --- | --- | --- | --- | --- |")  # noqa: T201
    for size in sizes:
        for engine in harness.ENGINES:
            command = [sys.executable, "-m", "tests.bench.engine", engine, str(size)]
            subprocess.run(command, check=True)


def measure(engine: str, size: int) -> None:
    """Create and keep so many resources, a row of the table for each."""
    os.environ["PATH"] = os.pathsep.join((str(PULUMI.executable.parent), os.environ["PATH"]))
    with tempfile.TemporaryDirectory() as root:
        town = harness.make(Path(root), engine=engine)
        town.wants(**{f"thing{number}": {"content": str(number)} for number in range(size)})
        for name in ("create", "same"):
            began, cpu, written = time.monotonic(), _cpu(), _written()
            result = harness.ENGINES[engine].run(Operation.UP, town.project, lambda _: None)
            seconds = time.monotonic() - began
            assert result.changes == {name: size + 1} or name == "same", result.failures
            row = [engine, size, name, f"{seconds:.1f}", f"{_cpu() - cpu:.1f}", f"{_memory():.0f}"]
            print("|", " | ".join(map(str, row)), f"| {_written() - written:.0f} |", flush=True)  # noqa: T201


def _cpu() -> float:
    own, children = (resource.getrusage(who) for who in _WHO)
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def _memory() -> float:
    return max(resource.getrusage(who).ru_maxrss for who in _WHO) / 1024


def _written() -> float:
    # In blocks of 512 bytes: what was handed to the disk, of children only once they have ended.
    return sum(resource.getrusage(who).ru_oublock for who in _WHO) * 512 / MIB


_WHO = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)

if __name__ == "__main__":
    given = sys.argv[1:]
    if given and given[0] in harness.ENGINES:
        measure(given[0], int(given[1]))
    else:
        main([int(one) for one in given] or list(SIZES))
