"""Short messages are never longer than one, and the beginning stays."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitors.bridge.short_message import BASIC, EXTENSION, cut, fits, gsm, is_gsm, ucs2


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("a" * 160, True),
        ("a" * 161, False),
        # Of the extension each character takes two septets.
        ("€" * 80, True),
        ("€" * 81, False),
        # One letter that GSM does not have, and all is UCS-2.
        ("š" + "a" * 69, True),
        ("š" + "a" * 70, False),
        # Beyond the basic plane a character takes two.
        ("😀" * 35, True),
        ("😀" * 36, False),
    ],
)
def test_what_fits_is_one_message(text: str, whole: bool) -> None:
    assert fits(text) is whole
    assert (cut(text) == text) is whole


def test_the_table_is_that_of_the_standard() -> None:
    """3GPP TS 23.038: 128 codes, those of ASCII's letters and digits where ASCII has them."""
    assert len(BASIC) == 128
    assert all(ord(BASIC[code]) == code for code in (*range(0x30, 0x3A), *range(0x61, 0x7B)))
    assert (BASIC[0x00], BASIC[0x10], BASIC[0x24], BASIC[0x7F]) == ("@", "Δ", "¤", "à")
    assert gsm("[é€") == b"\x1b\x3c\x05\x1b\x65"
    assert not set(EXTENSION) & set(BASIC)


def test_it_is_cut_after_a_word() -> None:
    text = "PAGE velgora-edge: " + "does not answer, " * 20
    short = cut(text)
    assert short.startswith("PAGE velgora-edge: does not answer")
    assert short.endswith(("answer...", "not...", "does..."))
    assert 140 < len(short) <= 160


def test_a_word_that_is_too_long_is_cut_itself() -> None:
    assert cut("x" * 500) == "x" * 157 + "..."
    assert len(cut("ш" * 500)) == 70


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=400))
def test_whatever_it_says_one_message_takes_it(text: str) -> None:
    short = cut(text)
    assert len(gsm(short)) <= 160 if is_gsm(short) else len(ucs2(short)) <= 140
    assert short == text or short.endswith("...")
