"""How net-snmp prints values, undone: quotes, display hints, hex over several lines."""

import re

from monitors.snmp.recording.parsing import ValueTextError
from monitors.snmp.recording.parsing import hexadecimal as octets_of

_QUOTED = re.compile(rb'"([^"\\]*(?:\\.[^"\\]*)*)"[ \t\r]*(?=\n|$)', re.DOTALL)
_ESCAPED = re.compile(rb'\\(["\\])')
# The display hint "1x:" of PhysAddress and MacAddress (RFC 2579): six octets and more.
_COLONS = re.compile(rb"[0-9a-fA-F]{1,2}(:[0-9a-fA-F]{1,2}){5,31}")
# That of DateAndTime (RFC 2579).
_DATE = re.compile(
    rb"(\d{1,5})-(\d{1,2})-(\d{1,2}),(\d{1,2}):(\d{1,2}):(\d{1,2})\.(\d)"
    rb"(?:,([+-])(\d{1,2}):(\d{1,2}))?"
)
_PAIRS = re.compile(rb"\s*((?:[0-9a-fA-F]{2}(?:[ :]+|$))*)(.*)", re.DOTALL)
_NAMED_NUMBER = re.compile(r"[^\s()]*\((-?\d+)\)")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?=\s|$)|0x[0-9a-fA-F]{1,16}(?=\s|$)")


def text(first: bytes, more: list[bytes]) -> tuple[bytes, int]:
    """The octets of a ``STRING:`` that begins with ``first``, and how many lines more it takes.

    Raises ValueTextError when its quotes do not end.
    """
    if not first.startswith(b'"'):
        return _unquoted(first, more)
    whole = b"\n".join([first, *more])
    match = _QUOTED.match(whole)
    if match is not None:
        return _ESCAPED.sub(rb"\1", match[1]), whole.count(b"\n", 0, match.end())
    # Programs that do not mark quotes within the text: the last one ends it.
    end = whole.rfind(b'"')
    if end == 0:
        raise ValueTextError("the text has no end: is the file whole?")
    return whole[1:end], whole.count(b"\n", 0, end)


def _unquoted(first: bytes, more: list[bytes]) -> tuple[bytes, int]:
    """Text with a display hint: addresses and dates become octets again."""
    if _COLONS.fullmatch(first.strip()):
        return bytes(int(part, 16) for part in first.strip().split(b":")), 0
    if date := _DATE.fullmatch(first.strip()):
        return _date(date), 0
    used = len(more)
    while used and not more[used - 1].strip():
        used -= 1
    return b"\n".join([first, *more[:used]]), used


def _date(match: re.Match[bytes]) -> bytes:
    year, *parts = (int(match[at]) for at in range(1, 8))
    try:
        octets = year.to_bytes(2, "big") + bytes(parts)
        return octets + (match[8] + bytes((int(match[9]), int(match[10]))) if match[8] else b"")
    except (ValueError, OverflowError):
        raise ValueTextError(f"no date: {match[0][:40]!r}") from None


def hexadecimal(first: bytes, more: list[bytes]) -> tuple[bytes, int]:
    """The octets of hex that begins in ``first``, and how many lines more it takes.

    What follows pairs of digits in the first line (names of bits) is left out.
    Raises ValueTextError.
    """
    pairs, rest = _pairs(first)
    if not pairs.strip() and rest.strip():
        raise ValueTextError(f"expected pairs of hex digits, found {rest[:40]!r}")
    found, used = [pairs], 0
    for line in more:
        pairs, rest = _pairs(line)
        if rest.strip() or not pairs.strip():
            break
        found.append(pairs)
        used += 1
    return octets_of(b" ".join(found).decode("latin-1")), used


def _pairs(line: bytes) -> tuple[bytes, bytes]:
    """The hex at the beginning of a line, and what follows it; text beside it (-OT) is neither."""
    match = _PAIRS.match(line.partition(b"[")[0])
    return (match[1], match[2]) if match else (b"", line)


def number(shown: str) -> str:
    """The digits of a number printed as ``up(1)``, ``(123) 0:00:01.23`` or ``5 seconds``.

    Raises ValueTextError.
    """
    if match := _NAMED_NUMBER.match(shown):
        return match[1]
    if match := _NUMBER.match(shown):
        found = match[0]
        return str(int(found, 16)) if found.startswith("0x") else found
    raise ValueTextError(f"expected a number, found {shown[:40]!r}")
