"""What a table's rows are called: their index, links and texts as labels."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

from monitors.snmp import decode, index, oid
from monitors.snmp.client import Raw
from monitors.snmp.metric_families import Labels, shared_labels
from monitors.snmp.profile import Exponent, Info, Link, Only, Table, Text
from monitors.snmp.table_walk import Cells
from monitors.text import label_text


class ColumnLookup(Protocol):
    """Gives a column's cells by index."""

    def __getitem__(self, column: str) -> Cells:
        """The cells; none for a column that was not read."""
        ...


@dataclass(frozen=True, slots=True)
class Row:
    """A row: its index octets, those of its parts and links by label, and their texts."""

    index: bytes
    keys: Mapping[str, bytes]
    labels: Mapping[str, str]

    def at(self, names: Iterable[str]) -> bytes | None:
        """The octets of named parts, which address a row of another table; the whole for none.

        None when a link among them leads nowhere.
        """
        wanted = tuple(names)
        if not wanted:
            return self.index
        octets = [self.keys.get(name) for name in wanted]
        return None if None in octets else b"".join(part for part in octets if part is not None)


class RowLabeller:
    """Names the rows of one table from the columns that were read for it."""

    def __init__(self, table: Table, cells: ColumnLookup) -> None:
        """``cells`` has the columns that ``columns_of`` lists."""
        self._table, self._cells = table, cells
        self._among = {link.label: self._addresses(link) for link in table.links}

    def row(self, octets: bytes) -> Row | None:
        """The row at an index; None when the index is not one of this table."""
        try:
            parts = index.pieces(self._table.index, octets)
        except oid.OidError:
            return None
        named = [
            (part.label, piece)
            for part, piece in zip(self._table.index, parts, strict=True)
            if part.label
        ]
        keys = {label: piece.octets for label, piece in named}
        labels = {label: piece.text for label, piece in named}
        for link in self._table.links:
            target = self._linked(link, Row(octets, keys, labels))
            labels[link.label] = "" if target is None else ".".join(map(str, oid.numbers(target)))
            if target is not None:
                keys[link.label] = target
        row = Row(octets, keys, labels)
        labels |= {spec.label: self.text(spec, row) for spec in self._table.labels}
        return row

    def text(self, spec: Text, row: Row) -> str:
        """A text at a row; empty when there is none."""
        address = row.at(spec.by)
        if address is not None and spec.through:
            address = _arc(self._cells[spec.through].get(address))
        if address is None:
            return ""
        kind = self._cells[spec.kind].get(address) if spec.kind else None
        for column in (spec.oid, *spec.otherwise):
            text = decode.text(self._cells[column].get(address), spec, kind)
            if text:
                return text
        return ""

    def info(self, info: Info, row: Row) -> Labels:
        """The labels of a row of an info series."""
        texts = {spec.label: self.text(spec, row) for spec in info.labels}
        return shared_labels({**row.labels, **texts})

    def beside(self, column: str, by: Iterable[str], rows: Iterable[Row]) -> Cells:
        """Another table's column as if it were one of this, by this table's indexes."""
        names, cells = tuple(by), self._cells[column]
        addressed = ((row.index, row.at(names)) for row in rows)
        return {own: cells[there] for own, there in addressed if there in cells}

    def _linked(self, link: Link, row: Row) -> bytes | None:
        address = row.at(link.by)
        if address is None:
            return None
        for column in link.same:
            word = _word(self._cells[column].get(address))
            for addresses in self._among[link.label] if word else ():
                if (address_there := addresses.get(word)) is not None:
                    return address_there
        number = self._cells[link.oid].get(address) if link.oid else None
        # Rows are counted from 1; with 0 a device says that it does not know.
        return _arc(number) if number else None

    def _addresses(self, link: Link) -> list[dict[str, bytes | None]]:
        """For each column among which to look: where a text is; None where it is twice."""
        columns = []
        for column in link.among:
            addresses: dict[str, bytes | None] = {}
            for address, raw in self._cells[column].items():
                word = _word(raw)
                addresses[word] = None if word in addresses else address
            columns.append(addresses)
        return columns


@lru_cache(maxsize=4096)
def shared_row_labels(
    labels: tuple[tuple[bytes, Labels | None], ...],
) -> Mapping[bytes, Labels | None]:
    """The labels of a table's rows by index; equal tables have one mapping in memory."""
    return dict(labels)


def columns_of(table: Table) -> Iterator[str]:
    """Yield every column that naming a table's rows needs."""
    for link in table.links:
        yield from (*link.same, *link.among, *((link.oid,) if link.oid else ()))
    texts = (*table.labels, *(table.info.labels if table.info else ()))
    for spec in texts:
        yield from (spec.oid, *spec.otherwise)
        yield from (column for column in (spec.kind, spec.through) if column)
    for column, _ in steady_columns(table):
        yield column


def steady_columns(table: Table) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the columns beside the numbers that hardly change, and what addresses them.

    Units, kinds and names do not change; the state on which a whole row depends does.
    """
    for spec in table.columns:
        if spec.times:
            yield spec.times, ()
        if spec.exponent:
            yield from _point(spec.exponent)
        for kind in spec.only:
            yield kind.oid, kind.by
    for only in (table.only, table.omit):
        if only and not is_read_every_poll(only):
            yield only.oid, only.by


def is_read_every_poll(only: Only) -> bool:
    """Whether a condition must be read at every poll."""
    return bool(only.values or only.least is not None or only.most is not None) and not only.by


def _point(exponent: Exponent) -> Iterator[tuple[str, tuple[str, ...]]]:
    if exponent.scale:
        yield exponent.scale, exponent.by
    yield exponent.precision, exponent.by


def _arc(raw: Raw) -> bytes | None:
    """The octets of an index of one number; None for what cannot be one."""
    return oid.arcs((raw,)) if isinstance(raw, int) and 0 <= raw <= oid.LARGEST_ARC else None


def _word(raw: Raw) -> str:
    return label_text(raw).casefold() if isinstance(raw, bytes) else ""
