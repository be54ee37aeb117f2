"""Asks every service of a town each 250 ms while something is done to it, and counts."""

import contextlib
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.strange_town.probes import Probe, enter, probes
from tests.strange_town.town import Town

EVERY_SECONDS = 0.25
READY_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Failure:
    """A question that got no answer, or not the service's: seconds since the prober's start."""

    at: float
    service: str
    reason: str


@dataclass(slots=True)
class Counts:
    """What was asked and what failed; `slowest`: seconds that the slowest answer took."""

    asked: dict[str, int] = field(default_factory=dict)
    slowest: dict[str, float] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)

    def __str__(self) -> str:
        """Return a line a service."""
        lines = [
            f"{name}: {self._failed(name)} of {asked} failed, slowest {self.slowest[name]:.3f} s"
            for name, asked in self.asked.items()
        ]
        return "\n".join(
            [*lines, *(f"{f.at:.2f} s {f.service}: {f.reason}" for f in self.failures)]
        )

    def _failed(self, name: str) -> int:
        return sum(failure.service == name for failure in self.failures)


@contextmanager
def probing(town: Town) -> Iterator[Counts]:
    """Ask for as long as the block lasts; the counts are whole when it ends, live before."""
    counts, stop, began = Counts(), threading.Event(), time.monotonic()
    threads = [
        threading.Thread(
            target=_ask_on, args=(town, probe, counts, stop, began), name=probe.name, daemon=True
        )
        for probe in probes(town)
    ]
    for thread in threads:
        thread.start()
    try:
        yield counts
    finally:
        stop.set()
        for thread in threads:
            thread.join()


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
        with contextlib.suppress(InterruptedError):
            time.sleep(0.2)
