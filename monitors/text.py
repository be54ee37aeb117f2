"""Text from hosts, devices and people made safe to show, in one form for each place it goes to.

| form | goes to | what does not print |
| --- | --- | --- |
| ``report_text`` | reports, on any number of lines | is written as ``\\u202e`` |
| ``escaped_line`` | terminals and files, as one line | is written as in a Python string |
| ``label_text`` | labels of metrics | is a blank, since equal texts must be equal labels |
| ``journal_text`` | the journal, as part of a line | is a blank; octets that are no text are hex |

Controls and characters that turn the reading direction would else steer a reader's terminal or
reorder what is read (Unicode TR 36, section 2.10).
"""

import re
from functools import lru_cache
from typing import Annotated, TypeVar

from pydantic import AfterValidator, BaseModel

# Controls but tab and line feed; what turns the reading direction around (Unicode UAX #9); lone
# surrogates and noncharacters. None has a place in a report, most are refused by XML 1.0.
UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ufeff\ufffe\uffff\ud800-\udfff]"
)

LONGEST_LINE = 1000
LONGEST_JOURNAL_TEXT = 120
JOURNAL_HEX_OCTETS = 32
ELLIPSIS = "…"

Value = TypeVar("Value", bound=BaseModel)


def report_text(text: str) -> str:
    r"""Return a text in which characters that are not seen are written as `\u202e`."""
    return UNSEEN.sub(lambda unseen: f"\\u{ord(unseen[0]):04x}", text.replace("\r\n", "\n"))


def report_fields(value: Value) -> Value:
    """Return a value whose own texts are fit for a report."""
    texts = {name: report_text(field) for name, field in value if type(field) is str}
    changed = {name: text for name, text in texts.items() if text != getattr(value, name)}
    return value.model_copy(update=changed) if changed else value


ReportText = Annotated[str, AfterValidator(report_text)]


def escaped_line(text: str) -> str:
    """Return a text as one line of at most ``LONGEST_LINE`` characters, escapes not counted."""
    short = text if len(text) <= LONGEST_LINE else f"{text[:LONGEST_LINE]} {ELLIPSIS}"
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in short)


@lru_cache(maxsize=4096)
def label_text(octets: bytes) -> str:
    """Return octets as UTF-8, as Latin-1 where they are not; no blanks at either end."""
    try:
        text = octets.decode("utf-8")
    except UnicodeDecodeError:
        text = octets.decode("latin-1")
    # Agents in C count the closing zero octet of a text.
    return _blanked(text.rstrip("\0"))


def journal_text(value: object) -> str:
    """Return a value in at most ``LONGEST_JOURNAL_TEXT`` characters; nothing for None."""
    if not isinstance(value, bytes):
        return "" if value is None else str(value)[:LONGEST_JOURNAL_TEXT]
    try:
        text = _blanked(value.rstrip(b"\0").decode("utf-8"))
    except UnicodeDecodeError:
        tail = ELLIPSIS if len(value) > JOURNAL_HEX_OCTETS else ""
        return f"0x{value[:JOURNAL_HEX_OCTETS].hex()}{tail}"
    short = len(text) <= LONGEST_JOURNAL_TEXT
    return text if short else f"{text[:LONGEST_JOURNAL_TEXT]}{ELLIPSIS}"


def one_line(text: str) -> str:
    """Return a text with every run of white space as one space, none at its ends."""
    return " ".join(text.split())


def _blanked(text: str) -> str:
    if not text.isprintable():
        text = "".join(c if c.isprintable() else " " for c in text)
    return text.strip()
