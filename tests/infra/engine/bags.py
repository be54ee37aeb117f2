"""Property bags of every shape that is sent and stored."""

from hypothesis import settings
from hypothesis import strategies as st

from infra.engine.values import UNKNOWN, Secret

_plain = st.none() | st.booleans() | st.integers(-(2**50), 2**50) | st.text()
_leaves = _plain | st.just(UNKNOWN) | _plain.map(Secret)
NAMES = st.text(min_size=1, max_size=8)
VALUES = st.recursive(
    _leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=6,
)
BAGS = st.dictionaries(NAMES, VALUES, max_size=3)
FEW = settings(max_examples=40)
