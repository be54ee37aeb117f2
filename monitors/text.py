"""Text from hosts and people, made safe to show: what cannot be seen is spelled out."""

import re
from typing import Annotated, TypeVar

from pydantic import AfterValidator, BaseModel

# Controls but tab and line feed; what turns the reading direction around (Unicode UAX #9); lone
# surrogates and noncharacters. None has a place in a report, most are refused by XML 1.0.
UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ufeff\ufffe\uffff\ud800-\udfff]"
)

MAX_CHARACTERS = 1000

Value = TypeVar("Value", bound=BaseModel)


def plain(text: str) -> str:
    r"""Return a text in which characters that are not seen are written as `\u202e`."""
    return UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text.replace("\r\n", "\n"))


def legible(said: str) -> str:
    """Return what a foreign host said as one bounded line, all that does not print escaped.

    So no host steers the reader's terminal or reorders what is read (Unicode TR 36, section 2.10).
    """
    short = said if len(said) <= MAX_CHARACTERS else f"{said[:MAX_CHARACTERS]} …"
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in short)


def one_line(text: str) -> str:
    """Return a text with every run of white space as one space, none at its ends."""
    return " ".join(text.split())


def plain_fields(value: Value) -> Value:
    """Return a value whose own texts are plain."""
    texts = {name: plain(field) for name, field in value if type(field) is str}
    changed = {name: text for name, text in texts.items() if text != getattr(value, name)}
    return value.model_copy(update=changed) if changed else value


Text = Annotated[str, AfterValidator(plain)]
