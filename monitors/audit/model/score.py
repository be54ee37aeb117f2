"""Scores: the severity-weighted share of controls that is proved, with coverage beside it.

Score model 1. Every result weighs what its control's severity says (controls.WEIGHT). `skip` does
not apply and weighs nothing; all others apply. Over the weight that applies, `proved` is the share
that passes, `accepted` adds failures under a waiver in force, `coverage` is the share that passes
or fails. What is unknown (`error`), and what was last determined more than two days ago (stale,
see :func:`up_to_date`), applies but counts in none of the three: it lowers coverage and never
raises a score. With nothing determined there is no score at all, only a coverage of 0.
A change to any of this is a new SCORE_MODEL: scores of different models are not compared.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction

from monitors.audit.model.controls import WEIGHT
from monitors.audit.model.results import Outcome, Result

SCORE_MODEL = 1
STALE_AFTER = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class Weights:
    """Sums of severity weights; those of several hosts add up to those of all together."""

    passed: int
    waived: int
    determined: int
    total: int

    def __add__(self, other: "Weights") -> "Weights":
        """Return the weights of both together."""
        return Weights(
            self.passed + other.passed,
            self.waived + other.waived,
            self.determined + other.determined,
            self.total + other.total,
        )

    @property
    def proved(self) -> Fraction | None:
        """The share that is proved; None when nothing could be determined."""
        return Fraction(self.passed, self.total) if self.determined else None

    @property
    def accepted(self) -> Fraction | None:
        """The share that is proved or accepted; None when nothing could be determined."""
        return Fraction(self.passed + self.waived, self.total) if self.determined else None

    @property
    def coverage(self) -> Fraction | None:
        """The share that could be determined; None when nothing applies."""
        return Fraction(self.determined, self.total) if self.total else None


@dataclass(frozen=True, slots=True)
class Score:
    """Shares from 0 to 1 of the severity weight that applies; None when there is no score."""

    proved: float | None
    accepted: float | None
    coverage: float | None
    counts: Counter[Outcome]
    waived: int
    model: int = SCORE_MODEL


def score(results: Iterable[Result]) -> Score:
    """Score results of one host or of many together; skipped controls do not count."""
    scored = tuple(results)
    weights = weights_of(scored)
    return Score(
        proved=share(weights.proved),
        accepted=share(weights.accepted),
        coverage=share(weights.coverage),
        counts=Counter(result.outcome for result in scored),
        waived=sum(result.is_waived for result in scored),
    )


def weights_of(results: Iterable[Result]) -> Weights:
    """Return what results weigh together."""
    passed = waived = determined = total = 0
    for result in results:
        if result.outcome is Outcome.SKIP:
            continue
        weight = WEIGHT[result.severity]
        total += weight
        determined += weight * (result.outcome is not Outcome.ERROR)
        passed += weight * (result.outcome is Outcome.PASS)
        waived += weight * result.is_waived
    return Weights(passed, waived, determined, total)


def share(value: Fraction | None) -> float | None:
    """Return a share as a float, None as it is."""
    return None if value is None else float(value)


def up_to_date(results: Iterable[Result], began: datetime, now: datetime) -> tuple[Result, ...]:
    """Return results as they hold now: stale ones are unknown, with the reason.

    `began` is when the run began that determined them.
    """
    if now - began <= STALE_AFTER:
        return tuple(results)
    reason = f"last determined at {began:%F %R} UTC, more than {STALE_AFTER.days} days ago"
    unknown = {"outcome": Outcome.ERROR, "reason": reason, "evidence": (), "waiver": None}
    determined = (Outcome.PASS, Outcome.FAIL)
    return tuple(
        result.model_copy(update=unknown) if result.outcome in determined else result
        for result in results
    )
