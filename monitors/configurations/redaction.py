"""A configuration without its secrets, or the refusal to let it be kept.

Three nets: patterns where a platform's secrets stand, words that secrets stand beside, and what
still looks like one afterwards, which stops the configuration.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from inventory.enums import Platform
from monitors.configurations.beside_words import Beside
from monitors.configurations.lines import Line, clean, joined, lines_of, opened
from monitors.configurations.marks import MARK, PLAIN, Marker
from monitors.configurations.patterns import BLOCKS, GENERIC, INSIDE, PATTERNS, SALTED
from monitors.configurations.second_net import doubtful
from monitors.configurations.words import BETWEEN, SECTIONS, STEMS

MOST_NAMED = 5
# What is longer was written by nobody, and would be searched for too long.
LONGEST_LINE = 16_384
Inside = tuple[re.Pattern[str], ...]


class DoubtError(Exception):
    """A configuration may hold a secret that no rule knows; the text names lines, never words."""

    def __init__(self, numbers: Sequence[int]) -> None:
        """Name the lines of what the device printed."""
        self.numbers = tuple(numbers)
        named = ", ".join(map(str, self.numbers[:MOST_NAMED]))
        more = f" and {len(numbers) - MOST_NAMED} more" if len(numbers) > MOST_NAMED else ""
        lines = "line {} looks" if len(numbers) == 1 else "lines {} look"
        super().__init__(
            f"not stored: {lines.format(named + more)} like a secret that no rule knows; say the "
            "word before it under `secret_words:`, or under `not_secret:` what is none"
        )


@dataclass(frozen=True, slots=True)
class Redactor:
    """Takes the secrets out of one device's configuration.

    `words` are the estate's own that a secret follows; `not_secret` is what the last net leaves.
    """

    platform: Platform
    marker: Marker
    words: tuple[str, ...] = ()
    not_secret: frozenset[str] = frozenset()

    def redact(self, text: str) -> str:
        """Return a configuration with marks in place of its secrets; raises DoubtError."""
        redacted = list(self._lines(joined(list(self._blocks(lines_of(clean(text)))))))
        if doubts := list(doubtful(redacted, self.not_secret)):
            raise DoubtError(doubts)
        return "\n".join(line.text for line in redacted).strip("\n") + "\n"

    def _blocks(self, lines: Sequence[Line]) -> Iterator[Line]:
        """Yield the lines with each block of keys or certificates as one mark."""
        at = 0
        while at < len(lines):
            line, at = lines[at], at + 1
            for begin, end, named in BLOCKS:
                if found := begin.search(line.text):
                    text, at = _until(lines, at, line.text, end, found.end())
                    start = found.end() if named else found.start()
                    salted = "ENCRYPTED" in found[0].upper()
                    mark = PLAIN if salted else self.marker.mark(text[0][start:])
                    line = Line(line.number, f"{line.text[:start]} {mark}{text[1]}")
            yield line

    def _lines(self, lines: Iterable[Line]) -> Iterator[Line]:
        expected, inside = False, None
        for line in lines:
            unended = STEMS.search(line.text) and opened(line.text)
            if unended or len(line.text) > LONGEST_LINE:
                raise DoubtError([line.number])
            inside = _section(line.text, inside)
            if SECTIONS.match(line.text):
                expected = False
                yield line
                continue
            known = self._patterns(line.text, inside)
            beside = Beside(self._mark, self.words, expected=expected and not BETWEEN.match(known))
            text = beside.redact(known)
            expected = beside.expected if text.strip() else expected
            yield Line(line.number, text)

    def _patterns(self, text: str, inside: Inside | None) -> str:
        for pattern in (*GENERIC, *PATTERNS[self.platform], *(inside or ())[2:]):
            text = pattern.sub(self._marked, text)
        return text

    def _marked(self, found: re.Match[str]) -> str:
        start, end = (place - found.start() for place in found.span("s"))
        whole = found[0]
        salted = bool(SALTED.search(whole[:end]))
        return f"{whole[:start]}{PLAIN if salted else self._mark(found['s'])}{whole[end:]}"

    def _mark(self, value: str) -> str:
        """Return a value with its mark inside the quotes, brackets and ends that it stands in."""
        inner = value.strip("\"';,{}[]()") or value
        if MARK.fullmatch(inner):
            return value
        before, _, after = value.partition(inner)
        return f"{before}{self.marker.mark(inner)}{after}"


def _until(
    lines: Sequence[Line], after: int, text: str, end: re.Pattern[str], start: int
) -> tuple[tuple[str, str], int]:
    """Return a text up to what ends it and what stands behind that, and the next line's place."""
    if found := end.search(text, start):
        return (text[: found.end()], text[found.end() :]), after
    for at in range(after, len(lines)):
        if found := end.search(lines[at].text):
            inside = "\n".join((text, *(line.text for line in lines[after:at])))
            return (f"{inside}\n{found[0]}", lines[at].text[found.end() :]), at + 1
    raise DoubtError([lines[after - 1].number])


def _section(text: str, inside: Inside | None) -> Inside | None:
    """Return the section of `INSIDE` that a line is in, given that of the line before."""
    if inside and inside[1].match(text):
        inside = None
    return next((section for section in INSIDE if section[0].match(text)), inside)
