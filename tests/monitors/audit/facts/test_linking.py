"""Variables that programs take orders from, as units and files name them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitors.audit.facts.linking import takes_orders

BEFORE = st.sampled_from(["", "export ", '"', "'", "LANG=C ", "A=1\t", '"A=1" "'])
NAMES = ("LD_PRELOAD", "LD_AUDIT", "BASH_ENV", "GCONV_PATH", "PERL5OPT", "PYTHONPATH")


@given(BEFORE, st.sampled_from(NAMES), st.sampled_from(["=", " ", '"', " = "]))
def test_a_variable_is_seen_in_every_spelling(before: str, name: str, after: str) -> None:
    assert takes_orders(f"{before}{name}{after}/usr/lib/x")


@pytest.mark.parametrize("text", ["LANG=C", "MY_LD_PRELOAD=x", "PATH=/usr/bin", "ENV=production"])
def test_what_is_no_order(text: str) -> None:
    assert not takes_orders(text)
