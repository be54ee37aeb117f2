"""A block of ours in a file that others own, between two lines of comment."""

from __future__ import annotations

BEGIN, END = "# Bastide: begin\n", "# Bastide: end\n"


def with_block(text: str, block: str) -> str:
    """Return a file's text with our block in its place, or at the end.

    ValueError where the two lines that hold it are not one pair: what is between them is not ours.
    """
    ours = f"{BEGIN}{block.rstrip()}\n{END}" if block.strip() else ""
    begins, ends = text.count(BEGIN), text.count(END)
    if (begins, ends) == (0, 0):
        return text + ("" if not ours or not text or text.endswith("\n") else "\n") + ours
    before, _, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if (begins, ends) != (1, 1) or not end:
        raise ValueError(f"expected one {BEGIN.strip()!r} and one {END.strip()!r} after it")
    return before + ours + after
