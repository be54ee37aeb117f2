"""Scores: the severity-weighted share of controls that is proved, with coverage beside it."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from monitors.security.controls import WEIGHT
from monitors.security.results import Outcome, Result


@dataclass(frozen=True, slots=True)
class Score:
    """Shares from 0 to 1 of the severity weight that applies; None when nothing applies.

    `proved` counts passes only, so what is unknown never raises it. `accepted` also counts
    failures under a waiver in force. `coverage` is the share that could be determined.
    """

    proved: float | None
    accepted: float | None
    coverage: float | None
    counts: Counter[Outcome]
    waived: int


def score(results: Iterable[Result]) -> Score:
    """Score results of one host or of many together; skipped controls do not count."""
    found = tuple(results)
    weights: Counter[Outcome] = Counter()
    for result in found:
        weights[result.outcome] += WEIGHT[result.severity]
    waived_weight = sum(WEIGHT[result.severity] for result in found if result.is_waived)
    total = weights[Outcome.PASS] + weights[Outcome.FAIL] + weights[Outcome.ERROR]
    determined = total - weights[Outcome.ERROR]
    return Score(
        proved=weights[Outcome.PASS] / total if determined else None,
        accepted=(weights[Outcome.PASS] + waived_weight) / total if determined else None,
        coverage=determined / total if total else None,
        counts=Counter(result.outcome for result in found),
        waived=sum(result.is_waived for result in found),
    )
