"""A mutant is called equivalent only while it is made, so that the list cannot outlive its code."""

import pytest

from tests.mutation.__main__ import ROOT
from tests.mutation.equivalent import Equivalent, is_equivalent, load_equivalents, modules
from tests.mutation.mutants import mutants

SOURCE, CHANGE = "a = 1\nb = 2\n", "\n-    a = 1\n+    a = 2\n"


@pytest.mark.parametrize("module", modules())
def test_every_change_listed_is_one_that_the_run_makes_with_its_reason(module: str) -> None:
    made = list(mutants((ROOT / module).read_text()))
    for entry in load_equivalents(module):
        assert sum(is_equivalent(mutant, [entry]) for mutant in made) == entry.times, entry.change
        assert entry.why


def test_a_change_is_the_same_however_far_it_is_indented() -> None:
    one, two = mutants(SOURCE)
    listed = [Equivalent(CHANGE, why="nobody reads a")]
    assert is_equivalent(one, listed)
    assert not is_equivalent(two, listed)
