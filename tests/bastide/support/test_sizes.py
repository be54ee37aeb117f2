"""Sizes as people read them."""

import pytest

from bastide.support.sizes import size


@pytest.mark.parametrize(
    ("octets", "said"),
    [(0, "0 B"), (835, "835 B"), (1536, "1.5 KiB"), (2**20, "1.0 MiB"), (60 * 2**30, "60.0 GiB"),
     (3000 * 2**40, "3,000.0 TiB")],
)  # fmt: skip
def test_the_largest_unit_that_is_filled_is_said(octets: int, said: str) -> None:
    assert size(octets) == said
