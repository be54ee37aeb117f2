"""The Merkle tree hash over a list of hashes, as RFC 9162 section 2.1 (was RFC 6962) defines it."""

import hashlib
from collections.abc import Sequence

LEAF, NODE = b"\x00", b"\x01"


def leaf_hash(record: bytes) -> bytes:
    """Return the hash of one record; the prefix keeps leaves and nodes apart."""
    return hashlib.sha256(LEAF + record).digest()


def root(leaves: Sequence[bytes]) -> bytes:
    """Return the root over leaf hashes in their order; the hash of nothing when there are none."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    level = list(leaves)
    while len(level) > 1:
        # RFC 9162 splits at the largest power of two below the length: the last odd one goes up.
        paired = zip(level[::2], level[1::2], strict=False)
        above = [hashlib.sha256(NODE + left + right).digest() for left, right in paired]
        level = above + level[len(above) * 2 :]
    return level[0]
