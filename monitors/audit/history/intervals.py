"""Spells: intervals in which a control stood the same; observations come in any order."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from monitors.audit.model.controls import Severity
from monitors.audit.model.results import Outcome


@dataclass(frozen=True, slots=True)
class Found:
    """What one observation says of a control."""

    severity: Severity
    outcome: Outcome
    waived: bool


@dataclass(frozen=True, slots=True)
class Spell:
    """Consecutive observations that found the same.

    `since` and `last` are the first and last of them, `ended` is the first that found otherwise
    (or found no such control), None while none did.
    """

    found: Found
    since: datetime
    last: datetime
    ended: datetime | None = None


@dataclass(frozen=True, slots=True)
class Observed:
    """When a host was observed, and its observations next to that; None where there is none."""

    at: datetime
    previous: datetime | None = None
    following: datetime | None = None


def observe(spells: Sequence[Spell], when: Observed, found: Found | None) -> tuple[Spell, ...]:
    """Return a control's spells with one more observation, sorted by time.

    `found` is None when the observation knows no such control. The order in which
    observations are given makes no difference to what comes out in the end.
    """
    around = next((s for s in spells if s.since < when.at < s.last), None)
    if around is None:
        told = _beside(spells, when, found)
    elif around.found == found:
        told = tuple(spells)
    else:
        told = (*(s for s in spells if s is not around), *_split(around, when, found))
    return tuple(sorted(told, key=lambda spell: spell.since))


def _split(around: Spell, when: Observed, found: Found | None) -> Iterator[Spell]:
    if when.previous is None or when.following is None:
        raise ValueError(f"an observation within {around} has one on either side")
    yield replace(around, last=when.previous, ended=when.at)
    if found:
        yield Spell(found, when.at, when.at, when.following)
    yield replace(around, since=when.following)


def _beside(spells: Sequence[Spell], when: Observed, found: Found | None) -> tuple[Spell, ...]:
    left = next((s for s in spells if s.last == when.previous), None)
    right = next((s for s in spells if s.since == when.following), None)
    rest = tuple(s for s in spells if s is not left and s is not right)
    joined_left = left is not None and left.found == found
    joined_right = right is not None and right.found == found
    told: list[Spell] = []
    if left and not joined_left:
        told.append(replace(left, ended=when.at))
    if right and not joined_right:
        told.append(right)
    if found:
        told.append(
            Spell(
                found,
                since=left.since if left and joined_left else when.at,
                last=right.last if right and joined_right else when.at,
                ended=right.ended if right and joined_right else when.following,
            )
        )
    return (*rest, *told)


@dataclass(frozen=True, slots=True)
class Failure:
    """A failure from when it was first seen; `mended` is when it was seen passing again."""

    found: Found
    since: datetime
    mended: datetime | None


def failures(spells: Sequence[Spell]) -> Iterator[Failure]:
    """Yield a control's failures in order; only a pass ends one, never an error or a skip."""
    began: Spell | None = None
    for spell in spells:
        if spell.found.outcome is Outcome.FAIL and began is None:
            began = spell
        elif spell.found.outcome is Outcome.PASS and began is not None:
            yield Failure(began.found, began.since, spell.since)
            began = None
    if began is not None:
        yield Failure(began.found, began.since, None)


def last_good(spells: Sequence[Spell]) -> datetime | None:
    """Return when a control was last seen passing, None when it never was."""
    return max((s.last for s in spells if s.found.outcome is Outcome.PASS), default=None)
