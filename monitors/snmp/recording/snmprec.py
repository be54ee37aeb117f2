"""``.snmprec`` files read and written: lines of ``OID|type|value``, as snmpsim defines them.

The type is the BER tag in decimal, with ``x`` for octets in hex or ``e`` for text with
backslashes, and perhaps the name of a program that varies the value (``67:numeric``), of which
only the value that it begins with can be taken. What is written is plain ASCII: the same entries
give the same octets.
"""

import re
from collections.abc import Iterable, Iterator, Sequence

from monitors.snmp import oid
from monitors.snmp.client import BadAnswerError, Missing, WireBinding
from monitors.snmp.recording import parsing
from monitors.snmp.recording.parsing import Line, Nothing, Parsed
from monitors.snmp.wire import ber, values

ENTRY = re.compile(rb"\s*\.?\d+(\.\d+)+\s*\|[^|]*\|")
_TYPE = re.compile(r"(\d{1,3})([xe]?)(?::(\w+))?")
_FIXED_VALUE = re.compile(r"(?:^|,)(?:value|initial)=([^,]*)")
_ABSENT = frozenset(missing.value for missing in Missing)
_ESCAPED = re.compile(rb"\\(x[0-9a-fA-F]{2}|.)", re.DOTALL)
_ESCAPES = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"a": b"\a", b"b": b"\b", b"f": b"\f"}
_PLAIN = frozenset(range(0x20, 0x7F))
_MOST_OCTETS_OF_TEXT = 4096


def parse(lines: Sequence[Line]) -> Iterator[Parsed]:
    """What each line gives; blank lines and comments give nothing."""
    for line in lines:
        text = line.text.rstrip(b"\r")
        if not text.strip() or text.lstrip().startswith(b"#"):
            continue
        try:
            yield Parsed(line.at, _entry(text))
        except parsing.ValueTextError as error:
            yield Parsed(line.at, str(error))


def _entry(text: bytes) -> WireBinding | Nothing:
    parts = text.split(b"|", 2)
    if len(parts) != 3:
        raise parsing.ValueTextError(f"expected OID|type|value, found {_excerpt(text)}")
    where, kind, value = parts[0].decode("latin-1"), parts[1].decode("latin-1").strip(), parts[2]
    place = parsing.object_id(where)
    match = _TYPE.fullmatch(kind)
    if match is None or not place:
        raise parsing.ValueTextError(f"expected a type such as 2, 4x or 65, found {_excerpt(kind)}")
    tag, encoding, program = int(match[1]), match[2], match[3]
    if program is not None:
        value = _beginning(program, value)
    if tag in _ABSENT:
        return Nothing.ABSENT
    octets = _octets(tag, encoding, value)
    if len(octets) > parsing.MOST_OCTETS:
        raise parsing.ValueTextError(f"a value of {len(octets)} octets: more than a datagram holds")
    return WireBinding(place, tag, octets)


def _beginning(program: str, value: bytes) -> bytes:
    match = _FIXED_VALUE.search(value.decode("latin-1"))
    if match is None:
        raise parsing.ValueTextError(
            f"the value is made by snmpsim's module {program!r}, which is not run here, "
            "and no value= or initial= is given"
        )
    return match[1].encode("latin-1")


def _octets(tag: int, encoding: str, value: bytes) -> bytes:
    """Content octets. Raises ValueTextError."""
    text = value.decode("latin-1")
    if encoding == "x" and (tag in parsing.OCTETS or tag == values.IP_ADDRESS):
        return parsing.four_octets(text) if tag not in parsing.OCTETS else parsing.hexadecimal(text)
    if tag in parsing.OCTETS:
        return _unescaped(value) if encoding == "e" else value
    if tag in parsing.NUMBERS:
        return parsing.number(tag, _decimal(text) if encoding == "x" else text)
    if tag == ber.OID:
        return parsing.object_id(text)
    if tag == values.IP_ADDRESS:
        return parsing.address(text)
    if tag == ber.NULL:
        return b""
    raise parsing.ValueTextError(f"the type {tag}, which SNMP does not have")


def _decimal(text: str) -> str:
    try:
        return str(int(text, 16)) if len(text) <= 18 else text
    except ValueError:
        raise parsing.ValueTextError(f"expected hex digits, found {_excerpt(text)}") from None


def _unescaped(value: bytes) -> bytes:
    def unescaped(match: re.Match[bytes]) -> bytes:
        escape = match[1]
        if len(escape) == 3:
            return bytes.fromhex(escape[1:].decode())
        return _ESCAPES.get(escape, escape)

    return _ESCAPED.sub(unescaped, value)


def _excerpt(text: bytes | str) -> str:
    """The beginning of what a file holds, safe in a terminal."""
    return repr(text[:40].decode("latin-1") if isinstance(text, bytes) else text[:40])


class UnwritableError(Exception):
    """A value has no place in ``.snmprec``; the text says why."""


def format_entry(entry: WireBinding) -> str:
    """One entry as ``OID|type|value``, without a line end.

    Text that other programs could take for something else is written in hex. Raises
    UnwritableError for a type or content that SNMP does not have.
    """
    try:
        return f"{oid.decode(entry.oid)}|{_format_value(entry)}"
    except (oid.OidError, BadAnswerError) as error:
        raise UnwritableError(f"{entry.oid.hex()}: {error}") from error


def format_entries(entries: Iterable[WireBinding]) -> str:
    """All entries in the order of their OIDs. Raises UnwritableError."""
    in_order = sorted(entries, key=lambda entry: oid.numbers(entry.oid))
    return "".join(f"{format_entry(entry)}\n" for entry in in_order)


def _format_value(entry: WireBinding) -> str:
    tag, content = entry.tag, entry.content
    if tag in parsing.OCTETS:
        if tag == ber.OCTETS and _readable(content):
            return f"{tag}|{content.decode('ascii')}"
        return f"{tag}x|{content.hex()}"
    if tag == ber.NULL:
        return f"{tag}|"
    if tag in parsing.NUMBERS or tag == ber.OID:
        return f"{tag}|{values.decode(tag, content)!s}"
    if tag == values.IP_ADDRESS and len(content) == 4:
        return f"{tag}|{'.'.join(map(str, content))}"
    raise UnwritableError(f"a value of type {tag} with {len(content)} octets")


def _readable(content: bytes) -> bool:
    return (
        len(content) <= _MOST_OCTETS_OF_TEXT
        and content.strip() == content
        and _PLAIN.issuperset(content)
    )
