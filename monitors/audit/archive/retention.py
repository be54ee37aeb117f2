"""How long bundles and results are kept on the auditing machine.

All of the last 35 days; then of each host the newest run of each week for 400 days, so that a
year's report has every week in it. Whatever their age stay the newest run of each label (the
baseline is one) and each host's newest bundle. A bundle goes only when no kept run points to it.
"""

import logging
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from monitors.audit.archive.bundles import ENDING, view_file
from monitors.audit.archive.runs import AuditError, load, run_files
from monitors.audit.archive.stamps import moment_of
from monitors.audit.model.results import AuditRun

ALL_FOR = timedelta(days=35)
WEEKLY_FOR = timedelta(days=400)
LEFTOVERS_FOR = timedelta(days=1)
MARK = ".pruned"

log = logging.getLogger(__name__)
HostWeek = tuple[str, int, int]


@dataclass(frozen=True, slots=True)
class Pruned:
    """The files that were deleted."""

    runs: tuple[Path, ...] = ()
    bundles: tuple[Path, ...] = ()


def prune_daily(state: Path, now: datetime) -> None:
    """Prune unless that was done within a day; what hinders it is logged and nothing is lost."""
    mark = state / "audits" / MARK
    try:
        if mark.exists() and now.timestamp() - mark.stat().st_mtime < LEFTOVERS_FOR.total_seconds():
            return
        prune(state, now)
        mark.touch()
    except (AuditError, OSError) as error:
        log.warning("nothing is pruned: %s; move that file away if it is of no use", error)


def prune(state: Path, now: datetime) -> Pruned:
    """Delete the runs and bundles that need not be kept; return which.

    Raises AuditError, with nothing deleted, when an old run's file is damaged: it might point to
    bundles. Runs go before their bundles, so that after a crash no run points to nothing.
    """
    kept = _kept_runs(state, now)
    runs = tuple(file for file in _older(run_files(state), now - ALL_FOR) if file not in kept)
    needed = {state / host.bundle for run in kept.values() for host in run.hosts if host.bundle}
    bundles = tuple(_unneeded(state, needed, now - ALL_FOR))
    views = (view_file(bundle) for bundle in bundles)
    for file in (*runs, *bundles, *views, *_leftovers(state, now - LEFTOVERS_FOR)):
        file.unlink(missing_ok=True)
    return Pruned(runs, bundles)


def _kept_runs(state: Path, now: datetime) -> dict[Path, AuditRun]:
    """Return the older runs that stay; younger ones stay and point to younger bundles."""
    files = run_files(state)
    newest = {_label(file): file for file in reversed(files)}
    kept: dict[Path, AuditRun] = {}
    covered: set[HostWeek] = set()
    for file in _older(files, now - ALL_FOR):
        run = load(file)
        weeks = set(_weeks(run)) - covered
        if file == newest[_label(file)] or (weeks and run.started > now - WEEKLY_FOR):
            kept[file] = run
            covered |= weeks
    return kept


def _weeks(run: AuditRun) -> Iterator[HostWeek]:
    year, week, _ = run.started.isocalendar()
    return ((host.host, year, week) for host in run.hosts if host.bundle)


def _unneeded(state: Path, needed: Collection[Path], before: datetime) -> Iterator[Path]:
    for folder in sorted((state / "bundles").glob("*")):
        *others, _newest = sorted(folder.glob(f"*{ENDING}")) or (folder,)
        yield from (file for file in _older(others, before) if file not in needed)


def _older(files: Collection[Path], than: datetime) -> Iterator[Path]:
    return (file for file in files if _is_older(file, than))


def _is_older(file: Path, than: datetime) -> bool:
    """Judge by the name; what has no time in its name is not ours and never old."""
    try:
        return moment_of(file) < than
    except ValueError:
        return False


def _leftovers(state: Path, before: datetime) -> Iterator[Path]:
    """Return what writers that were killed have left."""
    for folder in (state / "audits", *(state / "bundles").glob("*")):
        for file in folder.glob(".*.tmp"):
            if datetime.fromtimestamp(file.stat().st_mtime, UTC) < before:
                yield file


def _label(file: Path) -> str:
    return file.stem.partition("Z-")[2]
