"""What still looks like a secret after redaction: by its form, or by its letters and digits."""

import re
from collections.abc import Iterable, Iterator, Set

from monitors.configurations.lines import Line
from monitors.configurations.marks import MARK

SHORTEST = 10
SHORTEST_HEX = 16
# Names and numbers keep to one kind of character for longer than what was drawn by lot.
LONGEST_MEAN_RUN = 3.0
LONGEST_MEAN_RUN_WITH_SIGNS = 2.4

SPLIT = re.compile(r"""[\s"'`,;()<>{}\[\]|]+|(?<=[A-Za-z])=(?=.)|:(?=//)""")
RUN = re.compile(r"[A-Z]?[a-z]+|[A-Z]+|[0-9]+|[^A-Za-z0-9]+")
WORD = re.compile(r"[A-Za-z0-9]+")
SIGN = re.compile(r"[!#$%&*?^~+\\]")
HEX = re.compile(r"(?:0x)?[0-9a-f]+|(?:0X)?[0-9A-F]+")
FORMS = re.compile(
    r"-----BEGIN|^\$(?:[0-9]{1,2}[a-z]?|[a-z]{1,3}|sha\w*)\$.|^\{S?(?:SHA|MD5)|^eyJ[A-Za-z0-9_-]{8}"
    r"|^AKIA[A-Z0-9]{12}|^gh[pousr]_\w{20}|^xox[abprs]-|^AAAA[BCE]3Nza"
)
# Identifiers that nobody keeps secret stand after these.
PUBLIC_AFTER = frozenset({"uuid", "localized", "local-engineid", "engineid", "engine-id"})
# Lines that say which device and which release this is, in the comments at the beginning.
HEADERS = re.compile(
    r"^[!#;/*\s]*(?:software )?(?:version|ver|release|device|model|serial number|software id"
    r"|config-version|conf_file_ver|buildno|set version|\w+ configuration editor"
    r"|=== vyatta-config-version|license udi)\b",
    re.IGNORECASE,
)


def doubtful(lines: Iterable[Line], not_secret: Set[str] = frozenset()) -> Iterator[int]:
    """Yield the numbers of redacted lines in which something still looks like a secret.

    `not_secret` are words that somebody has looked at and that are none.
    """
    for line in lines:
        if not HEADERS.match(line.text) and _has_doubtful(line.text, not_secret):
            yield line.number


def _has_doubtful(text: str, not_secret: Set[str]) -> bool:
    before = ""
    for word in filter(None, SPLIT.split(MARK.sub(" <redacted> ", text))):
        if word not in not_secret and _doubtful(word.strip(".:="), before):
            return True
        before = word.lower()
    return False


def _doubtful(word: str, before: str) -> bool:
    if FORMS.search(word) or (before == "enc" and word != "redacted"):
        return True
    if before.removeprefix("snmp-server-") in PUBLIC_AFTER:
        return False
    return any(map(_drawn_with_signs, word.split("/"))) or any(map(_drawn, WORD.findall(word)))


def _drawn_with_signs(word: str) -> bool:
    varied = any(map(str.isdigit, word)) and any(map(str.isalpha, word))
    return (
        len(word) >= SHORTEST
        and varied
        and bool(SIGN.search(word[1:]))
        and (_mean_run(word) < LONGEST_MEAN_RUN_WITH_SIGNS)
    )


def _drawn(word: str) -> bool:
    """Say whether letters and digits look drawn by lot: their kinds change all the time."""
    if len(word) < SHORTEST or word.isdecimal():
        return False
    if HEX.fullmatch(word) and len(word) >= SHORTEST_HEX:
        return True
    return _mean_run(word) < LONGEST_MEAN_RUN


def _mean_run(word: str) -> float:
    return len(word) / len(RUN.findall(word))
