"""Asks every service of a town each 250 ms while something is done to it, and counts.

It is a process of its own, or a busy test would delay it: `python -m tests.strange_town.prober ID`
asks until its standard input ends, and prints what it counted as JSON.
"""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import TypeAdapter

from tests.strange_town.probes import Probe, enter, probes
from tests.strange_town.town import Town, find

EVERY_SECONDS = 0.25
READY_SECONDS = 180.0  # ten on an idle machine
STOP_SECONDS = 30.0
STARTED = b"started\n"
SHOWN = 20
PROJECT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Failure:
    """A question that got no answer, or not the service's: seconds since the prober's start."""

    at: float
    service: str
    reason: str


@dataclass(slots=True)
class Counts:
    """What was asked and what failed, by service, once the prober has stopped.

    `slowest`: seconds that the slowest answer took.
    """

    asked: dict[str, int] = field(default_factory=dict)
    slowest: dict[str, float] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)

    def __str__(self) -> str:
        """Return a line a service, and the first failures."""
        lines = [
            f"{name}: {self._failed(name)} of {asked} failed, slowest {self.slowest[name]:.3f} s"
            for name, asked in self.asked.items()
        ]
        shown = sorted(self.failures, key=lambda failure: failure.at)[:SHOWN]
        return "\n".join([*lines, *(f"{f.at:.2f} s {f.service}: {f.reason}" for f in shown)])

    def _failed(self, name: str) -> int:
        return sum(failure.service == name for failure in self.failures)


COUNTS = TypeAdapter(Counts)


@contextmanager
def probing(town: Town) -> Iterator[Counts]:
    """Ask for as long as the block lasts, beginning before it; the counts are there after it."""
    counts = Counts()
    argv = (sys.executable, "-m", "tests.strange_town.prober", town.id)
    with subprocess.Popen(
        argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=PROJECT
    ) as process:
        try:
            assert process.stdout is not None
            if process.stdout.readline() != STARTED:
                raise RuntimeError(f"{' '.join(argv)}: it did not start")
            yield counts
            result = COUNTS.validate_json(process.communicate(timeout=STOP_SECONDS)[0])
            counts.asked, counts.slowest = result.asked, result.slowest
            counts.failures = result.failures
        finally:
            process.kill()


def main(town_id: str) -> None:
    """Ask until standard input ends, and print the counts."""
    town, counts, stop, began = find(town_id), Counts(), threading.Event(), time.monotonic()
    asked = probes(town)
    threads = [
        threading.Thread(target=_ask_on, args=(town, probe, counts, stop, began)) for probe in asked
    ]
    for thread in threads:
        thread.start()
    while sum(count > 0 for count in list(counts.asked.values())) < len(asked):
        time.sleep(0.01)
    sys.stdout.buffer.write(STARTED)
    sys.stdout.buffer.flush()
    sys.stdin.buffer.read()
    stop.set()
    for thread in threads:
        thread.join()
    sys.stdout.buffer.write(COUNTS.dump_json(counts))


def _ask_on(town: Town, probe: Probe, counts: Counts, stop: threading.Event, began: float) -> None:
    if probe.place:
        enter(town.namespace(probe.place))
    due = time.monotonic()
    counts.asked[probe.name] = 0
    counts.slowest[probe.name] = 0.0
    while True:
        start = time.monotonic()
        reason = ask(probe)
        counts.asked[probe.name] += 1
        counts.slowest[probe.name] = max(counts.slowest[probe.name], time.monotonic() - start)
        if reason is not None:
            counts.failures.append(Failure(start - began, probe.name, reason))
        due = max(due + EVERY_SECONDS, time.monotonic())  # late ones are not made up for
        if stop.wait(due - time.monotonic()):
            return


def ask(probe: Probe) -> str | None:
    """Ask once, where this thread is; return what went wrong, or None."""
    try:
        probe.ask()
    except Exception as error:  # noqa: BLE001 -- whatever it is, the service did not answer
        return f"{type(error).__name__}: {error}"
    return None


def ask_all(town: Town) -> dict[str, str | None]:
    """Ask each service once and return what went wrong with it, or None."""
    answers: dict[str, str | None] = {}

    def ask_one(probe: Probe) -> None:
        if probe.place:
            enter(town.namespace(probe.place))
        answers[probe.name] = ask(probe)

    threads = [threading.Thread(target=ask_one, args=(probe,)) for probe in probes(town)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def wait(town: Town, seconds: float = READY_SECONDS) -> None:
    """Wait until every service answers; TimeoutError names those that do not."""
    deadline = time.monotonic() + seconds
    while True:
        failing = {name: why for name, why in ask_all(town).items() if why is not None}
        if not failing:
            return
        if time.monotonic() > deadline:
            raise TimeoutError(f"town {town.id}: no answer from {failing}")
        time.sleep(0.2)


if __name__ == "__main__":
    main(sys.argv[1])
