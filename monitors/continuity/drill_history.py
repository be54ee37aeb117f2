"""Drill results on disk: `<state>/drills/<UTC stamp>-<host>-<plan>.json`, one file a drill."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path

from monitors.continuity.records import CLOCK_TOLERANCE, ContinuityError, DrillResult, read_drill


@dataclass(frozen=True, slots=True)
class CopyDrills:
    """The drills of the copy on a target, the newest first, back to two that succeeded."""

    target: str
    results: tuple[DrillResult, ...] = ()

    @property
    def newest(self) -> DrillResult | None:
        """The newest drill, whether it succeeded or not."""
        return next(iter(self.results), None)

    @property
    def success(self) -> DrillResult | None:
        """The newest that succeeded."""
        return next(self._successes(), None)

    @property
    def earlier(self) -> DrillResult | None:
        """The one that succeeded before that."""
        return next(islice(self._successes(), 1, None), None)

    def _successes(self) -> Iterator[DrillResult]:
        return (result for result in self.results if result.ok)


@dataclass(frozen=True, slots=True)
class DrillHistory:
    """A plan's drills, by the copy that each has read: that of the first target, then others'.

    `unreadable` are the files, newer than the last success, that are no results.
    """

    copies: tuple[CopyDrills, ...]
    unreadable: tuple[str, ...] = ()

    @property
    def newest(self) -> DrillResult | None:
        """The newest drill of any copy, whether it succeeded or not."""
        return _newest(copy.newest for copy in self.copies)

    @property
    def success(self) -> DrillResult | None:
        """The newest of any copy that succeeded."""
        return _newest(copy.success for copy in self.copies)

    def turn_seconds(self, period_seconds: float) -> float:
        """Return in how long all copies are restored once, one in each period."""
        return period_seconds * len(self.copies)

    @property
    def failed(self) -> tuple[CopyDrills, ...]:
        """The copies whose newest drill failed."""
        return tuple(copy for copy in self.copies if copy.newest and not copy.newest.ok)


def _newest(results: Iterable[DrillResult | None]) -> DrillResult | None:
    return max(filter(None, results), key=lambda result: result.started, default=None)


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


def read_drill_history(
    files: DrillFiles, host: str, plan: str, targets: Sequence[str], now: datetime
) -> DrillHistory:
    """Return a plan's drills, looking back until two of each target's copy have succeeded.

    Copies on hosts that are no targets of the plan any more prove nothing of those that are.
    """
    found: dict[str, list[DrillResult]] = {target: [] for target in targets}
    unreadable: list[str] = []
    for _, result in _newest_first(files, host, plan, now):
        if isinstance(result, ContinuityError):
            succeeded = any(each.ok for results in found.values() for each in results)
            unreadable += [] if succeeded else [str(result)]
            continue
        found.get(result.target or targets[0], []).append(result)
        if all(sum(each.ok for each in results) >= 2 for results in found.values()):
            break
    copies = tuple(CopyDrills(target, tuple(results)) for target, results in found.items())
    return DrillHistory(copies, tuple(unreadable))


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


def due_targets(
    history: DrillHistory, max_age_seconds: float, now: datetime, *, force: bool = False
) -> tuple[str, ...]:
    """Return the targets whose copies are to be drilled now.

    Those that were never drilled or failed, or succeeded too long ago: each plan is restored
    once in `max_age_seconds`, its copies in turn. `force`: one at least, the next in turn.
    """
    whole_turn = history.turn_seconds(max_age_seconds)
    due = [
        copy.target
        for copy in history.copies
        if not (copy.newest and copy.newest.ok and copy.newest.age_seconds(now) <= whole_turn)
    ]
    unproved = history.success is None or history.success.age_seconds(now) > max_age_seconds
    if not due and (force or unproved):
        due = [min(history.copies, key=_last_begun).target]
    return tuple(due)


def _last_begun(copy: CopyDrills) -> float:
    return copy.newest.started.timestamp() if copy.newest else 0


def _read(path: Path, now: datetime) -> DrillResult:
    result = read_drill(path)
    if result.started > now + CLOCK_TOLERANCE:
        raise ContinuityError(f"{path}: it starts in the future, at {result.started:%F %T} UTC")
    return result
