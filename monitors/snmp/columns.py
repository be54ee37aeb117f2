"""A device's columns during one poll: each is read once, however many tables ask for it."""

from collections.abc import Callable, Iterable

from monitors.snmp import oid
from monitors.snmp.client import NoAnswerError, RefusedError, Session, SnmpError, why_no_use
from monitors.snmp.dead_objects import DeadObjects
from monitors.snmp.request_size import RequestSize
from monitors.snmp.table_walk import MOST_COLUMNS, SYS_UP_TIME, Cells, TableWalk, walk_table


class Columns:
    """Reads columns, and keeps them until the poll is over.

    Those that the device does not answer for are ``dead`` and rest, by ``now``, the poll's clock.
    """

    def __init__(
        self, session: Session, sizes: RequestSize, dead: DeadObjects, now: Callable[[], float]
    ) -> None:
        """Nothing is read yet."""
        self._session, self._sizes = session, sizes
        self._dead, self._now = dead, now
        self._cells: dict[str, Cells] = {}

    async def read(self, columns: Iterable[str], rows: tuple[bytes, ...] = ()) -> None:
        """Read the columns that are not there yet, those of one table together.

        ``rows`` are the indexes that the table had the last time.

        Raises SnmpError after all others were read; what was read until then is there, also when
        the poll is cut off.
        """
        now = self._now()
        missing = [
            column
            for column in dict.fromkeys(columns)
            if column not in self._cells and not self._dead.rests(column, now)
        ]
        missing = await self._alive(missing)
        failures: list[SnmpError] = []
        for start in range(0, len(missing), MOST_COLUMNS):
            try:
                await self._read(missing[start : start + MOST_COLUMNS], rows)
            except (RefusedError, NoAnswerError):
                raise
            except SnmpError as error:
                failures.append(error)
        if failures:
            raise failures[0]

    async def _alive(self, columns: list[str]) -> list[str]:
        """Without those that were dead and still are; asked alone, they cost the others nothing."""
        doubtful = [column for column in columns if self.is_dead(column)]
        if not doubtful:
            return columns
        answers = await self._session.next_apart([oid.encode(column) for column in doubtful])
        lost = {
            column: why_no_use(answer)
            for column, answer in zip(doubtful, answers, strict=True)
            if isinstance(answer, SnmpError)
        }
        if len(lost) == len(doubtful):
            # Raises when it is the device that is gone.
            await self._session.get([SYS_UP_TIME])
        for column, reason in lost.items():
            self._dead.note(column, reason, self._now())
        return [column for column in columns if column not in lost]

    async def _read(self, group: list[str], rows: tuple[bytes, ...]) -> None:
        walk = TableWalk.of([oid.encode(column) for column in group])
        try:
            await walk_table(self._session, walk, self._sizes, rows)
        finally:
            self._cells |= zip(group, walk.cells, strict=True)
            lost = walk.lost()
            for column, octets in zip(group, walk.columns, strict=True):
                if octets in lost:
                    self._dead.note(column, lost[octets], self._now())
                elif not walk.active:
                    self._dead.forget(column)

    async def read_apart(self, columns: Iterable[str]) -> None:
        """Read columns of several tables: those with one parent together. Raises SnmpError."""
        groups: dict[str, list[str]] = {}
        for column in columns:
            groups.setdefault(column.rpartition(".")[0], []).append(column)
        for group in groups.values():
            await self.read(group)

    def is_dead(self, column: str) -> bool:
        """Whether the device does not answer for a column."""
        return bool(self._dead.why(column))

    def problems(self, columns: Iterable[str]) -> str:
        """What is wrong with those of these columns that are dead; empty when none is."""
        reasons = (self._dead.why(column) for column in dict.fromkeys(columns))
        return "; ".join(reason for reason in reasons if reason)

    def __getitem__(self, column: str) -> Cells:
        """A column's cells by index; none for a column that was not read."""
        return self._cells.get(column, {})
