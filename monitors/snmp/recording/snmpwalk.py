"""What ``snmpwalk -On`` prints (net-snmp): ``.1.3.6… = TYPE: value``, over several lines for text.

Options that change the look of values (-Oe, -OU, -OT, -Ot, -OX) do no harm; without types (-OQ,
-Oq) or with names instead of numbers a value cannot be told.
"""

import re
from collections.abc import Callable, Iterator, Sequence

from monitors.snmp.client import WireBinding
from monitors.snmp.recording import parsing
from monitors.snmp.recording.parsing import Line, Nothing, Parsed
from monitors.snmp.wire import ber, values

ENTRY = re.compile(rb"\s*((?:iso|\.?\d+)(?:\.\d+)+)\s+=(?:\s(.*)|$)", re.DOTALL)
NAMED = re.compile(rb"\s*[A-Za-z][\w-]*(::|\.)\S+\s+=\s")
_TYPE = re.compile(rb"(Network Address|[A-Za-z][\w-]*):(?: (.*)|$)", re.DOTALL)
_WRONG_TYPE = re.compile(rb"Wrong Type \([^)]*\): ")
_ABSENT = re.compile(rb"No Such (Object|Instance)|No more variables left|END OF MIB", re.IGNORECASE)
_TOOL_MESSAGE = re.compile(
    rb"Timeout:|Error|Reason:|Failed object:|snmp\w*: |End of MIB", re.IGNORECASE
)
# Sixteen octets of hex a line, so more than the longest value has.
_MOST_LINES = 5000

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

Value = tuple[int, bytes]


def parse(lines: Sequence[Line]) -> Iterator[Parsed]:
    """What each entry gives, and each line that belongs to none."""
    bare_is_ticks = _mostly_typed(lines)
    group: list[Line] = []
    for line in lines:
        if ENTRY.match(line.text):
            yield from _group(group, bare_is_ticks)
            group = [line]
        elif group and len(group) < _MOST_LINES:
            group.append(line)
        elif line.text.strip():
            yield _nonsense(line)
    yield from _group(group, bare_is_ticks)


def _mostly_typed(lines: Sequence[Line]) -> bool:
    """Whether a number without a type is a time (-Ot) and not anything (-OQ)."""
    bodies = [match[2] or b"" for line in lines[:500] if (match := ENTRY.match(line.text))]
    return 2 * sum(1 for body in bodies if _TYPE.match(body)) > len(bodies)


def _group(group: Sequence[Line], bare_is_ticks: bool) -> Iterator[Parsed]:
    if not group:
        return
    first, more = group[0], list(group[1:])
    end = next((at for at, line in enumerate(more) if _TOOL_MESSAGE.match(line.text)), len(more))
    more, rest = more[:end], more[end:]
    try:
        entry, used = _entry(first.text, [line.text for line in more], bare_is_ticks)
    except parsing.ValueTextError as error:
        yield Parsed(first.at, str(error))
        used = len(more)
    else:
        yield Parsed(first.at, entry)
    yield from (_nonsense(line) for line in [*more[used:], *rest] if line.text.strip())


def _nonsense(line: Line) -> Parsed:
    excerpt = line.text[:60].decode("latin-1")
    if _TOOL_MESSAGE.match(line.text):
        return Parsed(line.at, f"the walk was not whole: {excerpt!r}")
    return Parsed(line.at, f"expected .1.3.6… = TYPE: value, found {excerpt!r}")


def _entry(
    text: bytes, more: list[bytes], bare_is_ticks: bool
) -> tuple[WireBinding | Nothing, int]:
    """The entry, and how many of the lines after it belong to it. Raises ValueTextError."""
    match = ENTRY.match(text)
    if match is None:
        raise parsing.ValueTextError("no entry")
    where = parsing.object_id(match[1].decode("latin-1"))
    value = match[2] or b""
    if note := _WRONG_TYPE.match(value):
        value = value[note.end() :]
    if _ABSENT.match(value):
        return Nothing.ABSENT, 0
    (tag, octets), used = _value(value, more, bare_is_ticks)
    if len(octets) > parsing.MOST_OCTETS:
        raise parsing.ValueTextError(f"a value of {len(octets)} octets: more than a datagram holds")
    return WireBinding(where, tag, octets), used


def _value(written: bytes, more: list[bytes], bare_is_ticks: bool) -> tuple[Value, int]:
    match = _TYPE.match(written)
    kind = match[1].decode("latin-1").upper() if match else ""
    rest = (match[2] or b"") if match else written
    if kind == "STRING":
        octets, used = _quoted_text(rest, more)
        return (ber.OCTETS, octets), used
    if kind in _LONG:
        octets, used = _hex_lines(rest, more)
        return (_LONG[kind], octets), used
    one_line = rest.decode("latin-1").strip()
    if kind in _SHORT:
        return _SHORT[kind](one_line), 0
    return _typeless(one_line, written, bare_is_ticks), 0


def _typeless(text: str, written: bytes, bare_is_ticks: bool) -> Value:
    if text == '""':
        return ber.OCTETS, b""
    if text == "NULL":
        return ber.NULL, b""
    if text.isdecimal() and bare_is_ticks:
        return values.TIME_TICKS, parsing.number(values.TIME_TICKS, text)
    raise parsing.ValueTextError(
        f"a value without a type (was it recorded with -OQ or -Oq?): {written[:40]!r}"
    )


def _number(tag: int) -> Callable[[str], Value]:
    return lambda text: (tag, parsing.number(tag, _digits(text)))


def _opaque(text: str) -> Value:
    kind, colon, rest = text.partition(": ")
    if colon and kind in {"Float", "Double"}:
        return values.OPAQUE, parsing.floating(kind, rest)
    return values.OPAQUE, parsing.hexadecimal(rest if colon else text)


def _floating(kind: str) -> Callable[[str], Value]:
    return lambda text: (values.OPAQUE, parsing.floating(kind, text))


def _quoted_text(first: bytes, more: list[bytes]) -> tuple[bytes, int]:
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
        raise parsing.ValueTextError("the text has no end: is the file whole?")
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
        raise parsing.ValueTextError(f"no date: {match[0][:40]!r}") from None


def _hex_lines(first: bytes, more: list[bytes]) -> tuple[bytes, int]:
    """The octets of hex that begins in ``first``, and how many lines more it takes.

    What follows pairs of digits in the first line (names of bits) is left out.
    Raises ValueTextError.
    """
    pairs, rest = _pairs(first)
    if not pairs.strip() and rest.strip():
        raise parsing.ValueTextError(f"expected pairs of hex digits, found {rest[:40]!r}")
    hex_lines, used = [pairs], 0
    for line in more:
        pairs, rest = _pairs(line)
        if rest.strip() or not pairs.strip():
            break
        hex_lines.append(pairs)
        used += 1
    return parsing.hexadecimal(b" ".join(hex_lines).decode("latin-1")), used


def _pairs(line: bytes) -> tuple[bytes, bytes]:
    """The hex at the beginning of a line, and what follows it; text beside it (-OT) is neither."""
    match = _PAIRS.match(line.partition(b"[")[0])
    return (match[1], match[2]) if match else (b"", line)


def _digits(text: str) -> str:
    """The digits of a number printed as ``up(1)``, ``(123) 0:00:01.23`` or ``5 seconds``.

    Raises ValueTextError.
    """
    if match := _NAMED_NUMBER.match(text):
        return match[1]
    if match := _NUMBER.match(text):
        digits = match[0]
        return str(int(digits, 16)) if digits.startswith("0x") else digits
    raise parsing.ValueTextError(f"expected a number, found {text[:40]!r}")


_LONG = {"HEX-STRING": ber.OCTETS, "BITS": ber.OCTETS, "NSAPADDRESS": parsing.NSAP}
_SHORT: dict[str, Callable[[str], Value]] = {
    "INTEGER": _number(ber.INTEGER),
    "INTEGER32": _number(ber.INTEGER),
    "COUNTER32": _number(values.COUNTER32),
    "COUNTER": _number(values.COUNTER32),
    "GAUGE32": _number(values.GAUGE32),
    "GAUGE": _number(values.GAUGE32),
    "UNSIGNED32": _number(values.GAUGE32),
    "UINTEGER32": _number(values.UNSIGNED32),
    "COUNTER64": _number(values.COUNTER64),
    "TIMETICKS": _number(values.TIME_TICKS),
    "OID": lambda text: (ber.OID, parsing.object_id(text)),
    "IPADDRESS": lambda text: (values.IP_ADDRESS, parsing.address(text)),
    "NETWORK ADDRESS": lambda text: (values.IP_ADDRESS, parsing.four_octets(text)),
    "OPAQUE": _opaque,
    "FLOAT": _floating("Float"),
    "DOUBLE": _floating("Double"),
    "NULL": lambda _: (ber.NULL, b""),
}
