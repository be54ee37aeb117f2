"""What ``snmpwalk -On`` prints (net-snmp): ``.1.3.6… = TYPE: value``, over several lines for text.

Options that change the look of values (-Oe, -OU, -OT, -Ot, -OX) do no harm; without types (-OQ,
-Oq) or with names instead of numbers a value cannot be told.
"""

import re
from collections.abc import Callable, Iterator, Sequence

from monitors.snmp.client import Typed
from monitors.snmp.recording import parsing, printed
from monitors.snmp.recording.lines import Line, Nothing, Parsed
from monitors.snmp.recording.parsing import ValueTextError
from monitors.snmp.wire import ber, values

ENTRY = re.compile(rb"\s*((?:iso|\.?\d+)(?:\.\d+)+)\s+=(?:\s(.*)|$)", re.DOTALL)
NAMED = re.compile(rb"\s*[A-Za-z][\w-]*(::|\.)\S+\s+=\s")
_TYPE = re.compile(rb"(Network Address|[A-Za-z][\w-]*):(?: (.*)|$)", re.DOTALL)
_WRONG_TYPE = re.compile(rb"Wrong Type \([^)]*\): ")
_ABSENT = re.compile(rb"No Such (Object|Instance)|No more variables left|END OF MIB", re.IGNORECASE)
_TOLD = re.compile(rb"Timeout:|Error|Reason:|Failed object:|snmp\w*: |End of MIB", re.IGNORECASE)
# Sixteen octets of hex a line, so more than the longest value has.
_MOST_LINES = 5000

Value = tuple[int, bytes]


def parse(lines: Sequence[Line]) -> Iterator[Parsed]:
    """What each entry gives, and each line that belongs to none."""
    bare_is_time = _mostly_typed(lines)
    group: list[Line] = []
    for line in lines:
        if ENTRY.match(line.text):
            yield from _group(group, bare_is_time)
            group = [line]
        elif group and len(group) < _MOST_LINES:
            group.append(line)
        elif line.text.strip():
            yield _nonsense(line)
    yield from _group(group, bare_is_time)


def _mostly_typed(lines: Sequence[Line]) -> bool:
    """Whether a number without a type is a time (-Ot) and not anything (-OQ)."""
    shown = [match[2] or b"" for line in lines[:500] if (match := ENTRY.match(line.text))]
    return 2 * sum(1 for value in shown if _TYPE.match(value)) > len(shown)


def _group(group: Sequence[Line], bare_is_time: bool) -> Iterator[Parsed]:
    if not group:
        return
    first, more = group[0], list(group[1:])
    told = next((at for at, line in enumerate(more) if _TOLD.match(line.text)), len(more))
    more, rest = more[:told], more[told:]
    try:
        found, used = _entry(first.text, [line.text for line in more], bare_is_time)
    except ValueTextError as error:
        yield Parsed(first.at, str(error))
        used = len(more)
    else:
        yield Parsed(first.at, found)
    yield from (_nonsense(line) for line in [*more[used:], *rest] if line.text.strip())


def _nonsense(line: Line) -> Parsed:
    shown = line.text[:60].decode("latin-1")
    if _TOLD.match(line.text):
        return Parsed(line.at, f"the walk was not whole: {shown!r}")
    return Parsed(line.at, f"expected .1.3.6… = TYPE: value, found {shown!r}")


def _entry(text: bytes, more: list[bytes], bare_is_time: bool) -> tuple[Typed | Nothing, int]:
    """The entry, and how many of the lines after it belong to it. Raises ValueTextError."""
    match = ENTRY.match(text)
    if match is None:
        raise ValueTextError("no entry")
    where = parsing.object_id(match[1].decode("latin-1"))
    shown = match[2] or b""
    if note := _WRONG_TYPE.match(shown):
        shown = shown[note.end() :]
    if _ABSENT.match(shown):
        return Nothing.ABSENT, 0
    (tag, octets), used = _value(shown, more, bare_is_time)
    if len(octets) > parsing.MOST_OCTETS:
        raise ValueTextError(f"a value of {len(octets)} octets: more than a datagram holds")
    return Typed(where, tag, octets), used


def _value(shown: bytes, more: list[bytes], bare_is_time: bool) -> tuple[Value, int]:
    match = _TYPE.match(shown)
    kind = match[1].decode("latin-1").upper() if match else ""
    rest = (match[2] or b"") if match else shown
    if kind == "STRING":
        octets, used = printed.text(rest, more)
        return (ber.OCTETS, octets), used
    if kind in _LONG:
        octets, used = printed.hexadecimal(rest, more)
        return (_LONG[kind], octets), used
    one_line = rest.decode("latin-1").strip()
    if kind in _SHORT:
        return _SHORT[kind](one_line), 0
    return _typeless(one_line, shown, bare_is_time), 0


def _typeless(text: str, shown: bytes, bare_is_time: bool) -> Value:
    if text == '""':
        return ber.OCTETS, b""
    if text == "NULL":
        return ber.NULL, b""
    if text.isdecimal() and bare_is_time:
        return values.TIME_TICKS, parsing.number(values.TIME_TICKS, text)
    raise ValueTextError(
        f"a value without a type (was it recorded with -OQ or -Oq?): {shown[:40]!r}"
    )


def _number(tag: int) -> Callable[[str], Value]:
    return lambda text: (tag, parsing.number(tag, printed.number(text)))


def _opaque(text: str) -> Value:
    kind, colon, rest = text.partition(": ")
    if colon and kind in {"Float", "Double"}:
        return values.OPAQUE, parsing.floating(kind, rest)
    return values.OPAQUE, parsing.hexadecimal(rest if colon else text)


def _floating(kind: str) -> Callable[[str], Value]:
    return lambda text: (values.OPAQUE, parsing.floating(kind, text))


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
