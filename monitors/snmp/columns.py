"""A device's columns during one poll: each is read once, however many tables ask for it."""

from collections.abc import Iterable

from monitors.snmp import oid
from monitors.snmp.client import Session
from monitors.snmp.request_size import RequestSize
from monitors.snmp.table_walk import MOST_COLUMNS, Cells, TableWalk, walk_table


class Columns:
    """Reads columns, and keeps them until the poll is over."""

    def __init__(self, session: Session, sizes: RequestSize) -> None:
        """Nothing is read yet."""
        self._session, self._sizes = session, sizes
        self._cells: dict[str, Cells] = {}

    async def read(self, columns: Iterable[str], rows: tuple[bytes, ...] = ()) -> None:
        """Read the columns that are not there yet, those of one table together.

        ``rows`` are the indexes that the table had the last time.

        Raises SnmpError; what was read until then is there, also when the poll is cut off.
        """
        missing = [column for column in dict.fromkeys(columns) if column not in self._cells]
        for start in range(0, len(missing), MOST_COLUMNS):
            group = missing[start : start + MOST_COLUMNS]
            walk = TableWalk.of([oid.encode(column) for column in group])
            try:
                await walk_table(self._session, walk, self._sizes, rows)
            finally:
                self._cells |= zip(group, walk.cells, strict=True)

    async def read_apart(self, columns: Iterable[str]) -> None:
        """Read columns of several tables: those with one parent together. Raises SnmpError."""
        groups: dict[str, list[str]] = {}
        for column in columns:
            groups.setdefault(column.rpartition(".")[0], []).append(column)
        for group in groups.values():
            await self.read(group)

    def __getitem__(self, column: str) -> Cells:
        """A column's cells by index; none for a column that was not read."""
        return self._cells.get(column, {})
