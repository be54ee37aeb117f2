"""What a device printed as lines, each with its number, and what belongs together on one."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from monitors.configurations.marks import LITERAL
from monitors.configurations.words import STEMS

# Cursor movements and colours (ECMA-48, 5.4), and titles of terminals.
ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\^_])")
# How a pager takes its question away.
WIPED = re.compile(r"\r {2,}\r")
# A value that begins with a quotation mark and does not end on its line.
OPENED = re.compile(r'(?:^|[\s=:(])"')
QUOTED = re.compile(r'"(?:\\.|[^"\\])*"')
LONGEST_VALUE_LINES = 200


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a configuration; `number` is that of what the device printed, from 1."""

    number: int
    text: str


def clean(text: str) -> str:
    """Return a terminal's output as plain text, as a person would have seen it."""
    text = ESCAPES.sub("", WIPED.sub("\r", text.replace("\r\n", "\n")))
    seen: list[str] = []
    for character in text.replace("\r", ""):
        if character == "\b" and seen and seen[-1] != "\n":
            seen.pop()
        elif character in "\n\t" or _seen(character):
            seen.append(character)
    return "".join(seen)


def _seen(character: str) -> bool:
    return unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Co", "Cn")


def lines_of(text: str) -> list[Line]:
    """Return the lines of clean text; what looks like a mark of ours already is made to differ."""
    shown = text.replace(LITERAL, LITERAL.replace("<", "<?"))
    return [Line(number, line.rstrip()) for number, line in enumerate(shown.split("\n"), 1)]


def opened(text: str) -> bool:
    """Say whether a quotation begins in a text and does not end there."""
    return bool(OPENED.search(QUOTED.sub("", text)))


def joined(lines: Sequence[Line]) -> Iterator[Line]:
    """Yield lines with what is continued: after a backslash, or in quotes beside a secret word."""
    at = 0
    while at < len(lines):
        text, number, after = lines[at].text, lines[at].number, at + 1
        while text.endswith("\\") and after < len(lines):
            text, after = text[:-1] + lines[after].text.lstrip(), after + 1
        if STEMS.search(text) and opened(text):
            text, after = _closed(lines, text, after)
        yield Line(number, text)
        at = after


def _closed(lines: Sequence[Line], text: str, after: int) -> tuple[str, int]:
    """Return a text up to the line that ends its quotes; itself where none does."""
    longer = text
    for at in range(after, min(len(lines), after + LONGEST_VALUE_LINES)):
        longer += f"\n{lines[at].text}"
        if not opened(longer):
            return longer, at + 1
    return text, after
