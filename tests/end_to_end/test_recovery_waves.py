"""A drill of two waves on the lab lands near what `bastide backup plan` had said of them."""

from typing import Any

import pytest

from bastide.support.estate import EstateContext
from tests.command import bastide, bastide_json

pytestmark = [pytest.mark.lab, pytest.mark.long]

MAY_MISS = 0.2


def waves(lab: EstateContext) -> list[dict[str, Any]]:
    """Return the waves in which there is data to bring back."""
    every = bastide_json("backup", "plan", "--estate", lab.estate.estate)["waves"]
    return [wave for wave in every if wave["seconds"]]


def drill(lab: EstateContext) -> None:
    done = bastide("backup", "drill", "--estate", lab.estate.estate)
    assert done.returncode == 0, done.stderr


def test_a_drill_of_two_waves_takes_what_the_plan_had_said(lab: EstateContext) -> None:
    drill(lab)
    expected = waves(lab)
    assert [wave["stage"] for wave in expected] == ["databases", "applications"]
    drill(lab)
    took = waves(lab)
    missed = sum(w["seconds"] for w in took) / sum(w["seconds"] for w in expected) - 1
    assert abs(missed) <= MAY_MISS, [(w["stage"], w["estimate_error_ratio"]) for w in took]
