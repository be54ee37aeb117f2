"""Drill results on disk: `<state>/drills/<UTC stamp>-<host>-<plan>.json`, one file a drill."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from monitors.continuity.records import CLOCK_TOLERANCE, ContinuityError, DrillResult, read_drill


@dataclass(frozen=True, slots=True)
class DrillHistory:
    """A plan's newest drill, its newest one that succeeded, and the one that did so before."""

    newest: DrillResult | None
    success: DrillResult | None
    unreadable: tuple[str, ...] = ()
    earlier: DrillResult | None = None


DrillFiles = Mapping[str, Sequence[Path]]
"""Files of results by `<host>-<plan>`, the oldest first."""


def folder(state: Path) -> Path:
    """Return where drill results are kept."""
    return state / "drills"


def drill_files(state: Path) -> DrillFiles:
    """Return the files of all results; the folder is read once for however many plans."""
    files: defaultdict[str, list[Path]] = defaultdict(list)
    where = folder(state)
    # Names sort sooner than paths: of a year of drills there are thousands.
    for name in sorted(path.name for path in where.iterdir()) if where.is_dir() else ():
        key, is_result, _ = name.partition("Z-")[2].rpartition(".json")
        if is_result and name.endswith(".json"):
            files[key].append(where / name)
    return files


def read_drill_history(files: DrillFiles, host: str, plan: str, now: datetime) -> DrillHistory:
    """Return a plan's drills, looking back until two have succeeded.

    `unreadable` are the files, newer than the last success, that are no results.
    """
    newest: DrillResult | None = None
    succeeded: list[DrillResult] = []
    unreadable: list[str] = []
    for _, result in _newest_first(files, host, plan, now):
        if isinstance(result, ContinuityError):
            unreadable += [] if succeeded else [str(result)]
            continue
        newest = newest or result
        succeeded += [result] if result.ok else []
        if len(succeeded) == 2:
            break
    success, earlier, *_ = (*succeeded, None, None)
    return DrillHistory(newest, success, tuple(unreadable), earlier)


def clean_drills(
    files: DrillFiles, host: str, plan: str, now: datetime
) -> tuple[tuple[Path, DrillResult], ...]:
    """Return a plan's newest drills, each with its file, back to the last one that failed."""
    clean: dict[datetime, tuple[Path, DrillResult]] = {}
    for path, result in _newest_first(files, host, plan, now):
        if isinstance(result, ContinuityError) or not result.ok:
            break
        clean.setdefault(result.started, (path, result))  # a file that was copied counts once
    return tuple(clean.values())


def _newest_first(
    files: DrillFiles, host: str, plan: str, now: datetime
) -> Iterator[tuple[Path, DrillResult | ContinuityError]]:
    for path in reversed(files.get(f"{host}-{plan}", ())):
        try:
            result = _read(path, now)
        except ContinuityError as error:
            yield path, error
            continue
        if (result.host, result.plan) == (host, plan):
            yield path, result


def latest_drills(state: Path) -> tuple[DrillResult, ...]:
    """Return the newest drill of every plan that was ever drilled, by host and plan.

    Files that are no drill results are left out; :func:`read_drill_history` reports them.
    """
    latest: dict[tuple[str, str], DrillResult] = {}
    for result in _readable(sorted(folder(state).glob("*.json"))):
        latest[result.host, result.plan] = result
    return tuple(latest[key] for key in sorted(latest))


def is_due(history: DrillHistory, max_age_seconds: float, now: datetime) -> bool:
    """Say whether a plan needs a drill: none has succeeded, or the last one is too long ago."""
    if history.success is None:
        return True
    return (now - history.success.started).total_seconds() > max_age_seconds


def _read(path: Path, now: datetime) -> DrillResult:
    result = read_drill(path)
    if result.started > now + CLOCK_TOLERANCE:
        raise ContinuityError(f"{path}: it starts in the future, at {result.started:%F %T} UTC")
    return result


def _readable(paths: Iterable[Path]) -> Iterator[DrillResult]:
    now = datetime.now(UTC)
    for path in paths:
        try:
            yield _read(path, now)
        except ContinuityError:
            continue
