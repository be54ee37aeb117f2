"""Measures the history of a large estate: `python -m tests.bench.history [URL] [DAYS]`.

200 municipalities of 10 hosts, 95 controls, one audit a day; two controls change on three hosts
of ten each day. URL is that of an empty store, by default a SQLite file that is removed at the
end. Prints one line a measurement, in CPU seconds of this process and in seconds.
"""

import random
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from monitors.audit.history.queries import read_history, read_open_failures
from monitors.audit.history.record import record
from monitors.audit.model.controls import Severity
from monitors.audit.model.results import AuditRun, HostAudit, Outcome, Result

MUNICIPALITIES, HOSTS, CONTROLS = 200, 10, 95
CHANGED_HOSTS, CHANGED_CONTROLS = 0.3, 2
START = datetime(2026, 1, 1, tzinfo=UTC)
OUTCOMES = (Outcome.PASS,) * 18 + (Outcome.SKIP, Outcome.FAIL)
RESULTS = tuple(
    {
        outcome: Result(
            control=f"BENCH-{number:02}", severity=list(Severity)[number % 4], outcome=outcome
        )
        for outcome in Outcome
    }
    for number in range(CONTROLS)
)


class Estate:
    """An estate whose hosts change a little every day, the same in every run of the bench."""

    def __init__(self) -> None:
        self._random = random.Random(1)  # noqa: S311 (a repeatable estate)
        self._hosts = {
            f"place{place:03}-host{host}": [self._random.choice(OUTCOMES) for _ in range(CONTROLS)]
            for place in range(MUNICIPALITIES)
            for host in range(HOSTS)
        }

    def change(self) -> None:
        """Let a day pass."""
        for outcomes in self._hosts.values():
            if self._random.random() < CHANGED_HOSTS:
                for _ in range(CHANGED_CONTROLS):
                    outcomes[self._random.randrange(CONTROLS)] = self._random.choice(OUTCOMES)

    def audit(self, day: float) -> AuditRun:
        """Return the audit of all hosts."""
        return AuditRun.model_construct(
            estate="bench",
            label="audit",
            started=START + timedelta(days=day),
            controls_sha256="0" * 64,
            waivers_sha256="0" * 64,
            whole=True,
            hosts=tuple(self._host(name, outcomes) for name, outcomes in self._hosts.items()),
        )

    @staticmethod
    def _host(name: str, outcomes: list[Outcome]) -> HostAudit:
        results = tuple(RESULTS[number][outcome] for number, outcome in enumerate(outcomes))
        place = name.partition("-")[0]
        return HostAudit.model_construct(host=name, municipality=place, results=results)


def measured(what: str, call: Callable[[], object]) -> None:
    """Run something and print what it cost."""
    wall, cpu = time.monotonic(), time.process_time()
    call()
    wall, cpu = time.monotonic() - wall, time.process_time() - cpu
    print(f"{what:<44} {cpu:6.2f} s CPU {wall:6.2f} s", flush=True)  # noqa: T201


@contextmanager
def store(arguments: list[str]) -> Iterator[str]:
    """Yield the URL that was given, or that of a file which does not outlive the bench."""
    if arguments:
        yield arguments[0]
        return
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "store.sqlite"
        yield f"sqlite:///{file}"
        print(f"{'the file then':<44} {file.stat().st_size / 1e6:6.1f} MB")  # noqa: T201


def main(arguments: list[str]) -> None:
    """Record days of audits and read them back."""
    days = int(arguments[1]) if len(arguments) > 1 else 30
    with store(arguments[:1]) as url:
        estate = Estate()
        measured("record 2,000 hosts, the first time", lambda: record(url, estate.audit(0)))
        measured("record them again, nothing changed", lambda: record(url, estate.audit(0.5)))
        for day in range(1, days):
            estate.change()
            record(url, estate.audit(day))
        estate.change()
        last = estate.audit(days)
        measured(f"record them after {days} days of changes", lambda: record(url, last))
        town = partial(read_history, url, "bench", municipality="place007")
        measured("read the history of one municipality", town)
        measured("read the history of all", lambda: read_history(url, "bench"))
        measured("read what fails, and since when", lambda: read_open_failures(url, "bench"))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{'peak memory of the bench':<44} {peak:6.0f} MiB")  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1:])
