"""Which goals can be watched, and how fast a budget may go."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.objectives import (
    BURNS,
    FEWEST_FAILURES,
    budget,
    failures_to_fire,
    never_fires,
    possible_objectives,
)

STEP = 1e-4


def works(objective: float, share: float) -> bool:
    allowed = budget(objective, share)
    return not any(
        never_fires(burn, allowed) or failures_to_fire(burn, allowed) < FEWEST_FAILURES
        for burn in BURNS
    )


@given(st.floats(0.02, 1))
def test_the_limits_that_are_told_work_and_what_lies_beyond_does_not(share: float) -> None:
    lowest, highest = possible_objectives(share)
    assert works(highest, share)
    assert not works(highest + 1.001 * STEP, share)
    if lowest:
        assert works(lowest, share)
        assert not works(lowest - 1.001 * STEP, share)


@pytest.mark.parametrize(
    ("objective", "failures"), [(0.99, 35), (0.995, 18), (0.999, 4), (0.9995, 2), (0.9999, 1)]
)
def test_so_many_lost_probes_within_an_hour_are_told(objective: float, failures: int) -> None:
    assert failures_to_fire(BURNS[0], budget(objective, 1)) == failures


def test_a_budget_is_a_share_of_the_time_that_counts() -> None:
    assert budget(0.99, 1) / timedelta(hours=7.2) == pytest.approx(1)
    assert budget(0.99, 0.5) / timedelta(hours=3.6) == pytest.approx(1)
