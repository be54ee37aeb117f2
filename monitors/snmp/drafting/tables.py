"""Tables and instances that a recording has, found by the form of their OIDs (RFC 2578, 7.7)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from monitors.snmp import oid
from monitors.snmp.client import Raw, WireBinding
from monitors.snmp.wire.values import decode

ENTERPRISES = "1.3.6.1.4.1."
# A table's rows lie below an entry, which is always its first and only child.
ENTRY = 1


@dataclass(slots=True)
class FoundTable:
    """Columns by number, each with its values by index, below an entry's dotted OID."""

    entry: str
    columns: dict[int, dict[str, Raw]] = field(default_factory=dict)

    @property
    def index_parts(self) -> int:
        """How many numbers the indexes have."""
        return max(index.count(".") + 1 for rows in self.columns.values() for index in rows)


@dataclass(frozen=True, slots=True)
class Found:
    """The tables and instances of a recording that nobody reads yet."""

    tables: tuple[FoundTable, ...]
    scalars: Mapping[str, Raw]


def find(entries: Iterable[WireBinding], known: frozenset[str]) -> Found:
    """Return what is below the makers' numbers and not below a ``known`` column or instance."""
    tables: dict[str, FoundTable] = {}
    scalars: dict[str, Raw] = {}
    for entry in entries:
        dotted = oid.decode(entry.oid)
        if not dotted.startswith(ENTERPRISES) or _is_known(dotted, known):
            continue
        value = decode(entry.tag, entry.content)
        place = _row(dotted)
        if place is None:
            scalars[dotted] = value
            continue
        above, column, index = place
        table = tables.setdefault(above, FoundTable(above))
        table.columns.setdefault(column, {})[index] = value
    return Found(tuple(tables.values()), scalars)


def _is_known(dotted: str, known: frozenset[str]) -> bool:
    parts = dotted.split(".")
    return any(".".join(parts[:end]) in known for end in range(len(parts), 6, -1))


def _row(dotted: str) -> tuple[str, int, str] | None:
    """The entry, column and index of a cell: as short an index as there can be; None: no cell."""
    parts = [int(part) for part in dotted.split(".")]
    if parts[-1] == 0:
        return None
    for size in range(1, len(parts) - 8):
        entry, column, index = parts[: -size - 1], parts[-size - 1], parts[-size:]
        if entry[-1] == ENTRY and column > 0:
            return ".".join(map(str, entry)), column, ".".join(map(str, index))
    return None
