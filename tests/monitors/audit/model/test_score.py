"""Scores, to the fraction: what is proved, accepted and determined of the weight that applies."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest

from monitors.audit.judge.host_results import all_errors, judge
from monitors.audit.model.controls import WEIGHT, Severity
from monitors.audit.model.results import Accepted, Evidence, Outcome, Result
from monitors.audit.model.score import (
    SCORE_MODEL,
    STALE_AFTER,
    Weights,
    score,
    share,
    up_to_date,
    weights_of,
)
from tests.monitors.audit.estates import TABLE, declared, recorded
from tests.monitors.audit.history.sample_runs import ACCEPTED

APP = declared("velgora-app")
FRESH = recorded("fresh")
BEGAN = datetime(2026, 3, 1, 4, 30, tzinfo=UTC)


def result(
    outcome: Outcome, severity: Severity = Severity.LOW, waiver: Accepted | None = None
) -> Result:
    evidence = (Evidence(command="true", rc=0, sha256="0" * 64),)
    return Result(
        control="SSH-01",
        severity=severity,
        outcome=outcome,
        reason="" if outcome is Outcome.PASS else "as it was",
        evidence=evidence,
        waiver=waiver,
    )


MIXED = (
    result(Outcome.PASS, Severity.CRITICAL),  # 10
    result(Outcome.PASS),  # 1
    result(Outcome.FAIL, Severity.HIGH),  # 6
    result(Outcome.FAIL, Severity.MEDIUM, ACCEPTED),  # 3
    result(Outcome.ERROR),  # 1
    result(Outcome.SKIP, Severity.CRITICAL),  # applies to nothing
)


def test_the_weights_are_those_that_reports_explain() -> None:
    assert WEIGHT == {"low": 1, "medium": 3, "high": 6, "critical": 10}
    assert SCORE_MODEL == 1


def test_each_share_counts_what_it_says_over_all_that_applies() -> None:
    scored = score(MIXED)

    assert weights_of(MIXED) == Weights(passed=11, waived=3, determined=20, total=21)
    assert (scored.proved, scored.accepted, scored.coverage) == (11 / 21, 14 / 21, 20 / 21)
    assert scored.waived == 1
    assert scored.counts == {"pass": 2, "fail": 2, "error": 1, "skip": 1}


def test_an_expired_waiver_accepts_nothing() -> None:
    over = ACCEPTED.model_copy(update={"expired": True})
    assert weights_of([result(Outcome.FAIL, waiver=over)]) == Weights(0, 0, 1, 1)


@pytest.mark.parametrize(
    ("outcome", "shares"),
    [
        (Outcome.PASS, (1, 1, 1)),
        (Outcome.FAIL, (0, 0, 1)),
        (Outcome.ERROR, (None, None, 0)),
        (Outcome.SKIP, (None, None, None)),
    ],
)
def test_one_result_alone(outcome: Outcome, shares: tuple[float | None, ...]) -> None:
    scored = score([result(outcome)])
    assert (scored.proved, scored.accepted, scored.coverage) == shares


def test_weights_are_shared_exactly_and_none_stays_none() -> None:
    weights = Weights(passed=1, waived=1, determined=2, total=3)
    exact = (weights.proved, weights.accepted, weights.coverage)
    assert exact == (Fraction(1, 3), Fraction(2, 3), Fraction(2, 3))
    assert (share(Fraction(1, 3)), share(Fraction(0)), share(None)) == (1 / 3, 0.0, None)


def test_the_weights_of_hosts_add_up_to_those_of_all() -> None:
    one, other = judge(FRESH, TABLE, APP), judge(FRESH, TABLE, declared("velgora-edge"))
    assert weights_of(one) + weights_of(other) == weights_of((*one, *other))
    assert Weights(1, 2, 3, 4) + Weights(10, 20, 30, 40) == Weights(11, 22, 33, 44)


def test_what_is_unknown_never_raises_a_score() -> None:
    known = judge(FRESH, TABLE, APP)
    for index, result in enumerate(known):
        if result.outcome in (Outcome.PASS, Outcome.FAIL):
            unknown = result.model_copy(update={"outcome": Outcome.ERROR})
            partly = score((*known[:index], unknown, *known[index + 1 :]))
            assert (partly.proved or 0) <= (score(known).proved or 0)
            assert (partly.coverage or 0) < 1


def test_a_host_of_which_nothing_is_known_has_no_score() -> None:
    scored = score(all_errors(TABLE, APP, "gone"))
    assert (scored.proved, scored.coverage) == (None, 0.0)


def test_results_are_up_to_date_for_two_days() -> None:
    assert timedelta(days=2) == STALE_AFTER
    assert up_to_date(MIXED, BEGAN, BEGAN + STALE_AFTER) == MIXED


def test_what_is_stale_is_unknown_and_says_since_when() -> None:
    stale = up_to_date(MIXED, BEGAN, BEGAN + STALE_AFTER + timedelta(seconds=1))

    unknown = {
        "outcome": Outcome.ERROR,
        "reason": "last determined at 2026-03-01 04:30 UTC, more than 2 days ago",
        "evidence": (),
        "waiver": None,
    }
    assert stale[:4] == tuple(result.model_copy(update=unknown) for result in MIXED[:4])
    assert stale[4:] == MIXED[4:], "what was not determined keeps its own reason"
    assert (score(stale).proved, score(stale).coverage) == (None, 0)
