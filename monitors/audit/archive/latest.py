"""What is known now: the newest results of every host, whichever of the last runs has them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from monitors.audit.archive.runs import load, run_files
from monitors.audit.model.results import HostAudit, Outcome, Result
from monitors.audit.model.score import up_to_date

# Runs of single hosts may hide a fleet's last run, but not for ever.
MAX_FILES = 50


@dataclass(frozen=True, slots=True)
class Newest:
    """A host's newest audit, and its newest in which it could be asked, with when those began.

    `answered` is None when none of the last runs could ask it.
    """

    audit: HostAudit
    began: datetime
    controls_sha256: str
    answered: HostAudit | None
    answered_at: datetime | None

    def results(self, now: datetime) -> tuple[Result, ...]:
        """Return the newest results as they may be told now: stale ones are unknown."""
        return up_to_date(self.audit.results, self.began, now)

    @property
    def failures(self) -> Iterator[Result]:
        """The failures when it was last asked: silence mends nothing."""
        answered = self.answered.results if self.answered else ()
        return (result for result in answered if result.outcome is Outcome.FAIL)

    @property
    def undetermined(self) -> Iterator[Result]:
        """What a host that could be asked left open; one that could not leaves all open."""
        results = () if self.audit.problem else self.audit.results
        return (result for result in results if result.outcome is Outcome.ERROR)


def newest(state: Path, wanted: Iterable[str]) -> tuple[Newest, ...]:
    """Return what is known of each wanted host, by name; hosts never audited are left out.

    Raises AuditError when a results file is damaged.
    """
    files = run_files(state)[:MAX_FILES]
    stamps = tuple((file, file.stat().st_mtime_ns) for file in files)
    return _read(stamps, frozenset(wanted))


@lru_cache(maxsize=2)
def _read(stamps: tuple[tuple[Path, int], ...], wanted: frozenset[str]) -> tuple[Newest, ...]:
    """Read the runs once, not at every scrape; another file or a changed one is another key."""
    found: dict[str, Newest] = {}
    for file, _ in stamps:
        run = load(file)
        for host in run.hosts:
            if host.host not in wanted:
                continue
            known = found.get(host.host)
            answered = None if host.problem else host
            if known is None:
                at = run.started if answered else None
                found[host.host] = Newest(host, run.started, run.controls_sha256, answered, at)
            elif known.answered is None and answered:
                found[host.host] = Newest(
                    known.audit, known.began, known.controls_sha256, answered, run.started
                )
        if found.keys() >= wanted and all(each.answered for each in found.values()):
            break
    return tuple(found[name] for name in sorted(found))
