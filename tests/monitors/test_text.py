"""What hosts and people write is shown as it is, and what cannot be seen is spelled out."""

import pytest

from monitors.text import one_line, report_text


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("to the\u202eleft", r"to the\u202eleft"),
        ("\x1b[2Jgone", r"\u001b[2Jgone"),
        ("nul\x00", r"nul\u0000"),
        ("lone \ud800 half", r"lone \ud800 half"),
        ("not a character \uffff", r"not a character \uffff"),
        ("line\r\nline\ttab", "line\nline\ttab"),
        ("عين زهور, Тамариск, თბილისი, חיפה", "عين زهور, Тамариск, თბილისი, חיפה"),
    ],
)
def test_what_is_not_seen_is_spelled_out(written: str, shown: str) -> None:
    assert report_text(written) == shown


def test_one_line_has_no_line_ends() -> None:
    assert one_line(" a\n b\t\u00a0c ") == "a b c"
