"""Drill results on disk: `<state>/drills/<UTC stamp>-<host>-<plan>.json`, one file a drill."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from monitors.continuity.records import CLOCK_TOLERANCE, ContinuityError, DrillResult, read_drill


@dataclass(frozen=True, slots=True)
class DrillHistory:
    """A plan's newest drill and its newest one that succeeded."""

    newest: DrillResult | None
    success: DrillResult | None
    unreadable: tuple[str, ...] = ()


def folder(state: Path) -> Path:
    """Return where drill results are kept."""
    return state / "drills"


def read_drill_history(state: Path, host: str, plan: str, now: datetime) -> DrillHistory:
    """Return a plan's drills, looking back until one has succeeded."""
    newest: DrillResult | None = None
    unreadable: list[str] = []
    for path in sorted(folder(state).glob(f"*Z-{host}-{plan}.json"), reverse=True):
        try:
            result = _read(path, now)
        except ContinuityError as error:
            unreadable.append(str(error))
            continue
        if (result.host, result.plan) != (host, plan):
            continue
        newest = newest or result
        if result.ok:
            return DrillHistory(newest, result, tuple(unreadable))
    return DrillHistory(newest, None, tuple(unreadable))


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
