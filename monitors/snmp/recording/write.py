"""Recordings written as ``.snmprec``: the same entries give the same octets, in plain ASCII."""

from collections.abc import Iterable
from pathlib import Path

from monitors.snmp import oid
from monitors.snmp.client import BadAnswerError, Typed
from monitors.snmp.recording.parsing import NUMBERS, OCTETS
from monitors.snmp.wire import ber, values

_PLAIN = frozenset(range(0x20, 0x7F))
_MOST_OCTETS_OF_TEXT = 4096


class UnwritableError(Exception):
    """A value has no place in ``.snmprec``; the text says why."""


def line(entry: Typed) -> str:
    """One entry as ``OID|type|value``, without a line end.

    Text that other programs could take for something else is written in hex. Raises
    UnwritableError for a type or content that SNMP does not have.
    """
    try:
        return f"{oid.decode(entry.oid)}|{_value(entry)}"
    except (oid.OidError, BadAnswerError) as error:
        raise UnwritableError(f"{entry.oid.hex()}: {error}") from error


def text(entries: Iterable[Typed]) -> str:
    """All entries in the order of their OIDs. Raises UnwritableError."""
    in_order = sorted(entries, key=lambda entry: oid.numbers(entry.oid))
    return "".join(f"{line(entry)}\n" for entry in in_order)


def write(path: Path, entries: Iterable[Typed]) -> None:
    """Write a recording. Raises UnwritableError, and OSError when the file cannot be written."""
    path.write_text(text(entries), encoding="ascii", newline="\n")


def _value(entry: Typed) -> str:
    tag, content = entry.tag, entry.content
    if tag in OCTETS:
        if tag == ber.OCTETS and _readable(content):
            return f"{tag}|{content.decode('ascii')}"
        return f"{tag}x|{content.hex()}"
    if tag == ber.NULL:
        return f"{tag}|"
    if tag in NUMBERS or tag == ber.OID:
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
