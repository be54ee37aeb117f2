"""Text from a host, made safe and short once, where it becomes a value."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Annotated, TypeVar

from pydantic import AfterValidator

from monitors.text import escaped_line

LONGEST_TEXT = 300
MOST_ROWS = 10_000
"""Of one subject: more rows than the collector takes of a command, which says so when it does."""

Row = TypeVar("Row")


def host_text(text: str) -> str:
    """Return a host's text as one printable line of bounded length."""
    return escaped_line(text.strip()[:LONGEST_TEXT])[:LONGEST_TEXT].strip()


HostText = Annotated[str, AfterValidator(host_text)]


def bounded(rows: Iterable[Row]) -> tuple[Row, ...]:
    """Return the first rows, and no more than are shown."""
    return tuple(islice(rows, MOST_ROWS))


def sections(text: str) -> Iterator[tuple[str, list[str]]]:
    """Yield the files of an output, each with its lines: `==> path` stands before each."""
    title: str | None = None
    lines: list[str] = []
    for line in text.splitlines():
        if line.startswith("==> "):
            if title is not None:
                yield title, lines
            title, lines = line.removeprefix("==> ").strip(), []
        elif title is not None:
            lines.append(line)
    if title is not None:
        yield title, lines


def number(text: str) -> int | None:
    """Return a decimal number of at most 18 digits, or None."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else None
