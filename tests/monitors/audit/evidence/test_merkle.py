"""The Merkle tree hash against the examples that certificate transparency logs are tested with."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitors.audit.evidence.merkle import leaf_hash, root

# The inputs and roots of the reference test of RFC 6962 logs.
INPUTS = [
    "",
    "00",
    "10",
    "2021",
    "3031",
    "40414243",
    "5051525354555657",
    "606162636465666768696a6b6c6d6e6f",
]
ROOTS = {
    1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    2: "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    3: "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    4: "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    5: "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    6: "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    7: "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
}


@pytest.mark.parametrize("count", ROOTS)
def test_roots_are_those_of_the_standard(count: int) -> None:
    leaves = [leaf_hash(bytes.fromhex(text)) for text in INPUTS[:count]]
    assert root(leaves).hex() == ROOTS[count]


def test_no_leaves_have_the_hash_of_nothing() -> None:
    assert root([]) == hashlib.sha256(b"").digest()


def split_at_the_largest_power_of_two(leaves: list[bytes]) -> bytes:
    """The definition, word for word: RFC 9162, section 2.1.1."""
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    halves = (split_at_the_largest_power_of_two(part) for part in (leaves[:k], leaves[k:]))
    return hashlib.sha256(b"\x01" + b"".join(halves)).digest()


@given(st.lists(st.binary(min_size=32, max_size=32), min_size=1, max_size=70))
def test_any_tree_is_that_of_the_definition(leaves: list[bytes]) -> None:
    assert root(leaves) == split_at_the_largest_power_of_two(leaves)
