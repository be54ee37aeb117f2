"""The latest results of every host, whichever of the last runs has them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from monitors.audit.archive.runs import load, run_files
from monitors.audit.model.results import HostAudit, Outcome, Result
from monitors.audit.model.score import up_to_date

# Runs of single hosts may hide a fleet's last run, but not for ever.
MAX_FILES = 50


@dataclass(frozen=True, slots=True)
class LatestResults:
    """A host's latest audit, and its latest in which it could be asked, with when those began.

    `answered` is None when none of the last runs could ask it.
    """

    audit: HostAudit
    began: datetime
    controls_sha256: str
    answered: HostAudit | None
    answered_at: datetime | None

    def results(self, now: datetime) -> tuple[Result, ...]:
        """Return the latest results as they hold now: stale ones are unknown."""
        return up_to_date(self.audit.results, self.began, now)

    @property
    def failures(self) -> Iterator[Result]:
        """The failures when it was last asked: silence mends nothing."""
        results = self.answered.results if self.answered else ()
        return (result for result in results if result.outcome is Outcome.FAIL)

    @property
    def undetermined(self) -> Iterator[Result]:
        """What a host that could be asked left open; one that could not leaves all open."""
        results = () if self.audit.problem else self.audit.results
        return (result for result in results if result.outcome is Outcome.ERROR)


def latest_results(state: Path, wanted: Iterable[str]) -> tuple[LatestResults, ...]:
    """Return the latest results of each wanted host, by name; hosts never audited are left out.

    Raises AuditError when a results file is damaged.
    """
    files = run_files(state)[:MAX_FILES]
    stamps = tuple((file, file.stat().st_mtime_ns) for file in files)
    return _read(stamps, frozenset(wanted))


@lru_cache(maxsize=2)
def _read(
    stamps: tuple[tuple[Path, int], ...], wanted: frozenset[str]
) -> tuple[LatestResults, ...]:
    """Read the runs once, not at every scrape; another file or a changed one is another key."""
    latest: dict[str, LatestResults] = {}
    for file, _ in stamps:
        run = load(file)
        for host in (host for host in run.hosts if host.host in wanted):
            answered = (None, None) if host.problem else (host, run.started)
            newer = latest.get(host.host)
            if newer is None:
                latest[host.host] = LatestResults(host, run.started, run.controls_sha256, *answered)
            elif newer.answered is None:
                asked, at = answered
                latest[host.host] = replace(newer, answered=asked, answered_at=at)
        if latest.keys() >= wanted and all(host.answered for host in latest.values()):
            break
    return tuple(latest[name] for name in sorted(latest))
