"""`python -m tests.bench.engine [N …]`: each engine creates N small resources and leaves them.

Prints a table: seconds, CPU seconds of engine, program and plugin together, MiB of the largest
process, MiB that the engine wrote. The toy provider of the engine's tests makes a file for each.
What the official engine writes grows with the square of N: above FEW it is given the state that
the embedded one has made, and leaves it.
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
from tests.infra.engine.harness import Harness
from tests.oracles.programs import PULUMI

SIZES = (1000, 5000)
FEW = 1000
MIB = 1024 * 1024


def main(sizes: list[int]) -> None:
    """Measure each engine, each size in processes of their own."""
    print("| engine | resources | operation | s | CPU s | MiB at most | MiB written |")  # noqa: T201
    print("| --- | --- | --- | --- | --- | --- | --- |")  # noqa: T201
    for size in sizes:
        with tempfile.TemporaryDirectory() as made:
            for engine in harness.ENGINES:
                folder = Path(made) / (engine if size <= FEW else "")
                town = harness.reopen(folder, engine)
                if not town.checkpoint.exists():
                    folder.mkdir(exist_ok=True)
                    town = harness.make(folder, engine=engine)
                    things = {f"thing{number}": {"content": str(number)} for number in range(size)}
                    town.wants(**things)
                    _apart(engine, size, "create", folder)
                _apart(engine, size, "same", folder)


def _apart(*given: object) -> None:
    subprocess.run([sys.executable, "-m", "tests.bench.engine", *map(str, given)], check=True)


def measure(town: Harness, size: int, name: str) -> None:
    """Create or keep so many resources; prints a row of the table."""
    os.environ["PATH"] = os.pathsep.join((str(PULUMI.executable.parent), os.environ["PATH"]))
    began, cpu, written = time.monotonic(), _cpu(), _written()
    result = harness.ENGINES[town.engine].run(Operation.UP, town.project, lambda _: None)
    seconds = time.monotonic() - began
    assert result.ok, result.failures
    assert result.changes == {name: size + 1}, result.changes
    row = [town.engine, size, name, f"{seconds:.1f}", f"{_cpu() - cpu:.1f}", f"{_memory():.0f}"]
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
        measure(harness.reopen(Path(given[3]), given[0]), int(given[1]), given[2])
    else:
        main([int(one) for one in given] or list(SIZES))
