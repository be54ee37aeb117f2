"""The secrets that stand beside the words that tell of them, on one line."""

import re
from collections.abc import Callable

from monitors.configurations.marks import MARK, without_marks
from monitors.configurations.words import (
    AFTER,
    COMMENT,
    FREE_TEXT,
    HARMLESS,
    QUALIFIERS,
    STEMS,
)

# What stands between blanks; quotes hold blanks together.
CHUNK = re.compile(r"""(?:"(?:\\.|[^"\\])*"|(?<![^\s=:({\[,])'(?:\\.|[^'\\])*'|\S)+""", re.DOTALL)
# From the word to the sign that a value follows; a secret may hold such signs itself.
ASSIGNED = re.compile(r"""(?:[-_.][\w.-]{1,30}|[a-z]?\d?)["'\])]*[=:,]+""")
# Parts of words as keywords are written; in any other, a secret may hang at what tells of it.
KEYWORD_PART = re.compile(r"[a-z]*\d{0,3}|[A-Z]+\d{0,3}|[A-Z][a-z]+|[a-z]+[A-Z][a-z]+")
BETWEEN_PARTS = re.compile(r"[-_./]")
NAME = re.compile(r"[a-z][a-z.-]*=[^=]")
NAMED = re.compile(r"[\w.-]*[=:]?")
PUNCTUATION = re.compile(r"[^\w$]+")
ADDRESS = re.compile(r"[0-9A-Fa-f.:]+(?:/\d{1,3})?")
BEFORE_ADDRESS = frozenset(
    {"address", "host", "hostname", "server", "peer", "source", "ip", "ipv4"}
)
ROUTE = re.compile(r"\d{1,5}:\d{1,5}")
ENDS = "\"'[](){};,:="

Mark = Callable[[str], str]


class Beside:
    """Reads a line from its left to its right; `expected`: a secret is still to come."""

    def __init__(self, mark: Mark, words: tuple[str, ...] = (), *, expected: bool = False) -> None:
        """Begin with nothing seen; `words` are an estate's own, `expected` is the last line's."""
        self._mark, self.expected = mark, expected
        self._after = expected
        self._words = frozenset(word.lower() for word in words)
        self._until_name = False
        self._before = ""

    def redact(self, text: str) -> str:
        """Return the line with marks for what stands after a word that tells of secrets."""
        if not self._after and (comment := COMMENT.match(text)):
            rest = text[comment.end() :]
            if rest.strip() and self._tells(without_marks(rest)):
                return f"{comment[0]} {self._mark(rest.strip())}"
            return text
        chunks = list(CHUNK.finditer(text))
        result, end = "", 0
        for number, found in enumerate(chunks):
            result += text[end : found.start()]
            rest = text[found.end() :].strip()
            if found[0].lower().strip(ENDS) in FREE_TEXT and self._tells(without_marks(rest)):
                return f"{result}{found[0]} {self._mark(rest)}"
            result += self._chunk(found[0], last=number == len(chunks) - 1)
            self._before = found[0].lower().strip(ENDS)
            end = found.end()
        return result + text[end:]

    def _tells(self, text: str) -> bool:
        """Say whether a secret may stand beside or after a text."""
        return any(self._telling(chunk[0]) for chunk in CHUNK.finditer(text))

    def _telling(self, chunk: str) -> re.Match[str] | None:
        bare = chunk.lower().strip(ENDS)
        if re.split("[=:]", bare, maxsplit=1)[0] in HARMLESS:
            return None
        own = next((word for word in self._words if word in bare), None)
        return re.search(re.escape(own), chunk, re.IGNORECASE) if own else STEMS.search(chunk)

    def _chunk(self, chunk: str, *, last: bool) -> str:
        if self._after:
            return self._value(chunk, last=last)
        told = self._telling(without_marks(chunk))
        if told is None:
            return chunk
        if MARK.search(chunk):
            self._after = self._until_name = chunk.endswith(">")
            return chunk if self._only_mark(chunk) else self._mark(chunk)
        assigned = ASSIGNED.match(chunk, told.end())
        if assigned and chunk[assigned.end() :].strip("\"';,"):
            # A value without quotes goes on until the next name.
            self._after = self._until_name = chunk[-1] not in "\"';,"
            return f"{chunk[: assigned.end()]}{self._mark(chunk[assigned.end() :])}"
        self._after = self.expected = True
        return chunk if assigned or _is_keyword(chunk) else self._mark(chunk)

    def _value(self, chunk: str, *, last: bool) -> str:
        """Return what stands after a word that tells of secrets: kept if it is known to be none."""
        if PUNCTUATION.fullmatch(chunk) and len(chunk) < 3:
            return chunk
        if self._until_name and NAME.match(chunk):
            self._after = self._until_name = False
            return self._chunk(chunk, last=last)
        if MARK.search(chunk):
            self.expected = False
            return chunk if self._only_mark(chunk) else self._mark(chunk)
        if self._harmless(chunk, last=last):
            return chunk
        self.expected = False
        return self._mark(chunk)

    def _harmless(self, chunk: str, *, last: bool) -> bool:
        bare = chunk.lower().strip(ENDS)
        if bare in HARMLESS:
            return True
        if self.expected:
            if last:
                return self._before == "community" and bool(ROUTE.fullmatch(bare))
            told = bool(STEMS.search(bare) and _is_keyword(chunk))
            number = bare.isdecimal() and (len(bare) == 1 or self._before == "level")
            return told or number or bare in QUALIFIERS
        return bare in AFTER or (
            self._before in BEFORE_ADDRESS and bool(ADDRESS.fullmatch(bare)) and not bare.isalnum()
        )

    def _only_mark(self, chunk: str) -> bool:
        return bool(NAMED.fullmatch(without_marks(chunk).strip("\"';,{}[]()")))


def _is_keyword(chunk: str) -> bool:
    parts = BETWEEN_PARTS.split(chunk.lstrip("[({#").rstrip("])},;:"))
    return all(KEYWORD_PART.fullmatch(part) for part in parts)
