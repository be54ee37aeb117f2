"""Bundles are untrusted: whatever comes, the reader says what is wrong and holds nothing large."""

import gzip
import hashlib
import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitors.audit.archive.bundles import keep
from monitors.collection import bundle as bundles
from monitors.collection.bundle import (
    MAX_PACKED_BYTES,
    MAX_PLAIN_BYTES,
    Answer,
    Bundle,
    BundleError,
    RecordedCommand,
    expected_length,
    pack,
    unframe,
    unpack,
)

GOOD = Bundle(
    collector=1,
    commands_sha256="0" * 64,
    host="velgora-app",
    clock=1_795_000_000.0,
    recorded=(RecordedCommand(command="true", rc=0, stdout="ü\n", stderr="", seconds=0.01),),
)


def framed(packed: bytes) -> bytes:
    digest = hashlib.sha256(packed).hexdigest()
    return f"bastide-bundle 1 {len(packed)} {digest}\n".encode() + packed


def zipped(plain: bytes) -> bytes:
    """Without the time, which would stand in a test's id and differ from run to run."""
    return gzip.compress(plain, mtime=0)


def packed_with(**changes: Any) -> bytes:
    return zipped(json.dumps({**GOOD.model_dump(), **changes}).encode())


@pytest.mark.parametrize(
    ("received", "said"),
    [
        (b"", "found ''"),
        (b"sudo: a password is required\n", "sudo: a password"),
        (b"\xff\xfe\x00binary", "expected the line"),
        (framed(pack(GOOD)).replace(b"bundle 1 ", b"bundle 9 ", 1), "format 9, expected 1"),
        (framed(pack(GOOD))[:-7], "truncated"),
        (framed(pack(GOOD)) + b"more", "truncated|bytes arrived"),
        (framed(pack(GOOD))[:-1] + bytes([pack(GOOD)[-1] ^ 1]), "damaged on the way"),
    ],
)
def test_a_transmission_that_is_not_whole_is_refused(received: bytes, said: str) -> None:
    with pytest.raises(BundleError, match=said):
        unframe(received)


@pytest.mark.parametrize(
    ("packed", "said"),
    [
        (b"not gzip at all", "not gzip"),
        (pack(GOOD)[:-9], "truncated"),
        (zipped(b"\xff\xfe"), "not UTF-8 at byte 0"),
        (zipped(b"{"), "not a bundle"),
        (zipped(b"[]"), "not a bundle"),
        (packed_with(collector="one"), "collector"),
        (packed_with(collector=0), "collector"),
        (packed_with(clock=float("inf")), "clock|not a bundle"),
        (packed_with(more="keys"), "more"),
        (packed_with(recorded=[{"command": "id"}]), "recorded"),
        (packed_with(clock=1e18), "clock"),
        (packed_with(host="x" * 1000), "host"),
        (pack(GOOD) + b"more", "4 bytes more after the end"),
        (pack(GOOD) + pack(GOOD), "more after the end"),
        (b"\x1f\x8b" + b"x" * MAX_PACKED_BYTES, "oversized: 200002 bytes"),
        (zipped(b" " * (MAX_PLAIN_BYTES + 1)), "unpacks to more than"),
        (zipped(b'{"recorded":[' + b"{}," * 50_000 + b"{}]}"), "brackets and commas"),
        (zipped(b"[" * 20_000), "recursion"),
    ],
)
def test_a_bundle_that_is_not_one_is_refused_with_the_reason(packed: bytes, said: str) -> None:
    with pytest.raises(BundleError, match=said):
        unpack(packed)


def test_a_collector_older_than_the_checks_is_refused_and_the_playbook_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bundles, "COLLECTOR_VERSION", 2)

    with pytest.raises(BundleError, match=r"version 1, the checks need 2.*playbook run configure"):
        unpack(pack(GOOD))


def test_an_oversized_announcement_is_refused_before_anything_is_read() -> None:
    header = f"bastide-bundle 1 {MAX_PACKED_BYTES + 1} {'0' * 64}\n".encode()

    with pytest.raises(BundleError, match="oversized"):
        expected_length(header)
    with pytest.raises(BundleError, match="expected the line"):
        expected_length(b"x" * 4096)


@given(st.binary(max_size=400))
def test_no_bytes_do_anything_but_be_refused(received: bytes) -> None:
    for read in (unframe, unpack):
        with pytest.raises(BundleError):
            read(received)


@given(st.integers(0, len(pack(GOOD)) - 1), st.integers(1, 255))
def test_any_flipped_byte_on_the_way_is_noticed(place: int, flip: int) -> None:
    received = bytearray(framed(pack(GOOD)))
    received[-1 - place] ^= flip

    with pytest.raises(BundleError):
        unframe(bytes(received))


def test_a_whole_bundle_comes_back_as_it_was_and_is_kept_byte_for_byte(tmp_path: Path) -> None:
    packed = pack(GOOD)

    path = keep(packed, tmp_path, "velgora-app", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))

    assert unpack(unframe(framed(packed))) == GOOD
    assert path == tmp_path / "bundles/velgora-app/20260102T030405.000000Z.json.gz"
    assert path.read_bytes() == packed
    assert [p.name for p in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize(
    ("errors", "said"),
    [
        ("collector: ended after 60 s, all that one command may take\nsshd: x", "ended after 60 s"),
        ("sshd: x\ncollector: ended", "did not end in time"),
        ("", "did not end in time"),
        ("collector: \x1b[2J" + "x" * 500, r"\\x1b\[2Jx+$"),
    ],
)
def test_a_command_without_a_status_says_what_ran_out_of_time(errors: str, said: str) -> None:
    late = Answer(None, stderr=errors).late
    assert re.match(said, late)
    assert len(late) <= 120
