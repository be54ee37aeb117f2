"""Recordings read from files, whatever program wrote them.

Two formats are known by their content: ``.snmprec`` (``snmprec``) and what ``snmpwalk -On`` prints
(``walk``). Lines that make no sense are counted and reported, never a reason to refuse the rest.
"""

import codecs
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Literal, NamedTuple

from monitors.snmp import oid
from monitors.snmp.client import WireBinding
from monitors.snmp.recording import snmprec, snmpwalk
from monitors.snmp.recording.parsing import Line, Nothing, Parsed

MOST_OCTETS = 64 * 1024 * 1024
MOST_LINES = 1_000_000
MOST_ENTRIES = 500_000
# Remarks that are kept in full; all are counted.
MOST_REMARKS = 50
# Lines that tell the format.
_LOOKED_AT = 500

Format = Literal["snmprec", "snmpwalk"]
_PARSERS: dict[Format, Callable[[Sequence[Line]], Iterable[Parsed]]] = {
    "snmprec": snmprec.parse,
    "snmpwalk": snmpwalk.parse,
}
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class RecordingError(Exception):
    """A file is no recording that can be used; the text names it and says why."""


class Remark(NamedTuple):
    """A line that gave no value, and why."""

    line: int
    text: str


@dataclass(frozen=True, slots=True)
class Recording:
    """What a file held: its entries in the order of their OIDs, one for each OID.

    ``skipped`` counts the lines that made no sense; the first of them are ``remarks``. ``absent``
    counts those that say that there is no value, ``repeated`` the entries that a later one with
    the same OID replaced, ``unordered`` those that came before their place.
    """

    name: str
    format: Format
    entries: tuple[WireBinding, ...]
    remarks: tuple[Remark, ...] = ()
    skipped: int = 0
    absent: int = 0
    repeated: int = 0
    unordered: int = 0

    def oddities(self) -> list[str]:
        """What was odd about the file, a line each, for an administrator."""
        lines = [f"{self.name}:{remark.line}: {remark.text}" for remark in self.remarks]
        if self.skipped > len(self.remarks):
            lines.append(f"{self.name}: {self.skipped - len(self.remarks)} more lines like these")
        if self.repeated:
            lines.append(f"{self.name}: {self.repeated} OIDs came again; the last value counts")
        if self.unordered:
            lines.append(f"{self.name}: {self.unordered} OIDs were out of order; sorted")
        return lines


def read(path: Path) -> Recording:
    """Read a recording from a file. Raises RecordingError."""
    try:
        with path.open("rb") as file:
            data = file.read(MOST_OCTETS + 1)
    except OSError as error:
        raise RecordingError(f"{path}: cannot be read: {error.strerror}") from error
    return parse(data, str(path))


def parse(data: bytes, name: str) -> Recording:
    """Read a recording from a file's octets; ``name`` is for messages. Raises RecordingError."""
    if len(data) > MOST_OCTETS:
        raise RecordingError(f"{name}: larger than {MOST_OCTETS // 1024**2} MiB: no recording")
    text = _one_octet_each(data)
    # A device's own text may hold CR LF; a file has it everywhere or nowhere.
    if 2 * text.count(b"\r\n") > text.count(b"\n"):
        text = text.replace(b"\r\n", b"\n")
    if text.count(b"\n") > MOST_LINES:
        raise RecordingError(f"{name}: more than {MOST_LINES} lines: too large")
    lines = [Line(at, line) for at, line in enumerate(text.split(b"\n"), 1)]
    form = _format(lines, name)
    return _recording(name, form, _PARSERS[form](lines))


def _one_octet_each(data: bytes) -> bytes:
    """One octet a character, as agents send text; Windows' shells write UTF-16."""
    if data.startswith(_UTF16):
        return data.decode("utf-16", "replace").encode()
    return data.removeprefix(codecs.BOM_UTF8)


def _format(lines: list[Line], name: str) -> Format:
    head = [line for line in lines[: 10 * _LOOKED_AT] if line.text.strip()][:_LOOKED_AT]
    votes: dict[Format, int] = {
        "snmprec": sum(1 for line in head if snmprec.ENTRY.match(line.text)),
        "snmpwalk": sum(1 for line in head if snmpwalk.ENTRY.match(line.text)),
    }
    best = max(votes, key=lambda form: votes[form])
    if votes[best]:
        return best
    if any(snmpwalk.NAMED.match(line.text) for line in head):
        raise RecordingError(
            f"{name}: objects by name; expected numbers: record it again with snmpwalk -On"
        )
    raise RecordingError(
        f"{name}: neither .snmprec (OID|type|value) nor snmpwalk -On (.1.3.6… = TYPE: value)"
    )


def _recording(name: str, form: Format, parsed: Iterable[Parsed]) -> Recording:
    entries: dict[bytes, WireBinding] = {}
    remarks: list[Remark] = []
    order: list[oid.Parts] = []
    skipped = absent = repeated = 0
    for line, result in parsed:
        if isinstance(result, Nothing):
            absent += 1
        elif isinstance(result, str):
            skipped += 1
            remarks.extend([Remark(line, result)] if len(remarks) < MOST_REMARKS else [])
        elif len(entries) < MOST_ENTRIES or result.oid in entries:
            repeated += result.oid in entries
            entries[result.oid] = result
            order.append(oid.numbers(result.oid))
        else:
            raise RecordingError(f"{name}:{line}: more than {MOST_ENTRIES} values: too large")
    if not entries:
        why = f" {name}:{remarks[0].line}: {remarks[0].text}" if remarks else ""
        raise RecordingError(f"{name}: no value in it.{why}")
    unordered = sum(later < earlier for earlier, later in pairwise(order))
    in_order = sorted(entries.values(), key=lambda entry: oid.numbers(entry.oid))
    return Recording(
        name, form, tuple(in_order), tuple(remarks), skipped, absent, repeated, unordered
    )
