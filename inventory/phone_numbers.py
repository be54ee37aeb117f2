"""Telephone numbers as they are written, and as short messages are sent to them."""

import re

SEPARATORS = re.compile(r"[\s()./-]+")
# E.164: the country's code and the number, at most 15 digits.
INTERNATIONAL = re.compile(r"\+[1-9][0-9]{6,14}")


def international(written: str | None) -> str | None:
    """Return a number as `+` and digits (E.164), None for one that only a country's phones know."""
    digits = SEPARATORS.sub("", written or "")
    return digits if INTERNATIONAL.fullmatch(digits) else None
