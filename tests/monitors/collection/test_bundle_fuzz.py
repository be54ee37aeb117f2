"""Whatever bytes come as a bundle: it is one, or BundleError says why not, in bounded memory."""

import contextlib
import gzip
import json
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitors.audit.judge.host_results import judge
from monitors.audit.model.controls import ControlTable
from monitors.collection.bundle import (
    MAX_HEADER_BYTES,
    MAX_PACKED_BYTES,
    MAX_PLAIN_BYTES,
    Bundle,
    BundleError,
    expected_length,
    pack,
    unpack,
)
from tests.monitors.audit.estates import TABLE, declared, recorded
from tests.monitors.collection.test_bundle import GOOD, framed, packed_with

REAL = recorded("hardened").model_dump_json().encode()
SOME = ControlTable(controls=TABLE.controls[::8])
APP = declared("velgora-app")
MIB = 1024 * 1024
PLACES = st.integers(0, len(REAL) - 1)
# Small values: a wrong type, place or depth is as wrong in three leaves as in a hundred.
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=5,
)
FIELDS = st.sampled_from([*sorted(Bundle.model_fields), "more"])


def read_and_judge(packed: bytes) -> None:
    """Do with a bundle what an audit does; nothing but BundleError comes of it."""
    try:
        bundle = unpack(packed)
    except BundleError:
        return
    assert bundle.collected.year <= 2100
    assert len(judge(bundle, SOME, APP)) == len(SOME.controls)


@given(st.dictionaries(FIELDS, JSON, max_size=3))
def test_fields_with_other_values(changes: dict[str, Any]) -> None:
    read_and_judge(packed_with(**changes))


@given(st.lists(st.tuples(PLACES, st.integers(0, 255)), min_size=1, max_size=20))
def test_a_real_bundle_with_other_bytes_in_its_text(changes: list[tuple[int, int]]) -> None:
    plain = bytearray(REAL)
    for place, value in changes:
        plain[place] = value
    read_and_judge(gzip.compress(plain, compresslevel=1))


@given(PLACES, st.integers(0, 300), st.binary(max_size=30))
def test_a_real_bundle_in_which_a_part_is_another(start: int, length: int, new: bytes) -> None:
    plain = REAL[:start] + new + REAL[start + length :]
    read_and_judge(gzip.compress(plain, compresslevel=1))


@given(st.sampled_from(range(len(recorded("hardened").recorded))), st.text(max_size=300))
def test_a_command_that_answers_anything_is_judged(number: int, said: str) -> None:
    answers = list(recorded("hardened").recorded)
    answers[number] = answers[number].model_copy(update={"stdout": said})
    bundle = recorded("hardened").model_copy(update={"recorded": tuple(answers)})

    reasons = [result.reason for result in judge(bundle, TABLE, APP)]

    assert all(reason.isprintable() for reason in reasons)


@given(st.integers(0, len(pack(GOOD)) - 1), st.integers(1, 255))
def test_a_packed_bundle_with_a_flipped_byte_says_the_same_or_nothing(
    place: int, flip: int
) -> None:
    packed = bytearray(pack(GOOD))
    packed[place] ^= flip  # gzip's header has bytes that mean nothing
    with contextlib.suppress(BundleError):
        assert unpack(bytes(packed)) == GOOD


@given(st.binary(max_size=200), st.integers(0, 200))
def test_a_header_in_pieces_has_no_length_yet_or_one_within_the_limit(
    received: bytes, cut: int
) -> None:
    for sent in (received, framed(pack(GOOD))):
        with contextlib.suppress(BundleError):
            length = expected_length(sent[:cut])
            assert length is None or length <= MAX_HEADER_BYTES + MAX_PACKED_BYTES


BOMBS = {
    "zeros": bytes(40 * MIB),
    "empty lists": b"[" + b"[]," * (MAX_PLAIN_BYTES // 3 - 1) + b"[]]",
    "empty records": b'{"recorded":[' + b"{}," * 600_000 + b"{}]}",
    "wrong records": b'{"recorded":[' + b'{"a":0,"b":0},' * 2000 + b"0]}",
    "numbers": b'{"recorded":[' + b"0," * 29_000 + b"0]}",
    "fields": json.dumps({f"{n:x}": 0 for n in range(29_000)}).encode(),
    "nested": b'{"recorded":' + b"[" * 29_000,
    "one string": json.dumps({"host": "x" * (MAX_PLAIN_BYTES - 20)}).encode(),
    "one number": b'{"clock":' + b"9" * (MAX_PLAIN_BYTES - 20) + b"}",
}
UNPACKS = """
import resource, sys
from monitors.collection.bundle import BundleError, unpack
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
packed, before = sys.stdin.buffer.read(), peak()
try:
    unpack(packed)
except BundleError:
    print((peak() - before) * 1024)
"""


@pytest.mark.parametrize("bomb", sorted(BOMBS))
def test_a_bomb_is_refused_before_it_takes_memory(bomb: str) -> None:
    packed = gzip.compress(BOMBS[bomb], compresslevel=1)

    done = subprocess.run(
        [sys.executable, "-c", UNPACKS], input=packed, capture_output=True, check=True
    )

    assert int(done.stdout) < 64 * MIB
