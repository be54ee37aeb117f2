"""One table of a profile, read and shown; what changes seldom is remembered."""

from collections.abc import Awaitable, Iterator

from monitors.snmp import decode, oid
from monitors.snmp.client import Missing, NoAnswerError, Raw, RefusedError, SnmpError
from monitors.snmp.columns import Columns
from monitors.snmp.decode import Beside, DecodeProblem
from monitors.snmp.device_cache import NAMES_SECONDS, SLOW_SECONDS, DeviceCache
from monitors.snmp.metric_families import Family, Sample, shared_labels
from monitors.snmp.profile import Number, Only, Table
from monitors.snmp.row_labels import (
    Row,
    RowLabeller,
    columns_of,
    is_read_every_poll,
    shared_row_labels,
    steady_columns,
)
from monitors.snmp.samples import RowLabels, column, without_duplicates


class TableReader:
    """Reads one table once.

    ``failure`` says afterwards why reading failed (empty when it did not), ``no_answer`` is the
    error when nothing came.
    """

    def __init__(self, profile: str, table: Table, cache: DeviceCache, columns: Columns) -> None:
        """Prepare; nothing is read yet."""
        self._table, self._columns = table, columns
        self._cache = cache.table((profile, table.table))
        self.failure = ""
        self.no_answer: SnmpError | None = None

    async def families(self, now: float, problems: list[DecodeProblem]) -> list[Family]:
        """Read what is due and return all that there is to show; ``now`` by the cache's clock.

        Raises SnmpError when nothing can be shown.
        """
        cache, slow = self._cache, self._is_slow()
        if slow and now - cache.read_at < SLOW_SECONDS:
            return [*cache.info, *cache.slow]
        await self._attempt(self._columns.read(self._own_columns(), cache.order))
        rows = self._rows()
        old = now - cache.named_at >= NAMES_SECONDS or not self._table.columns
        if old or not rows <= cache.labels.keys():
            await self._label_rows(rows, now)
        families = list(self._numbers(problems))
        if slow and not self.failure:
            cache.slow, cache.read_at = tuple(families), now
        return [*cache.info, *families]

    def why_not_whole(self) -> str:
        """What is missing, and why: reading failed, or the device does not answer for columns."""
        if self.failure:
            return self.failure
        return self._columns.problems((*_number_columns(self._table), *columns_of(self._table)))

    def partial_families(self, problems: list[DecodeProblem]) -> list[Family]:
        """What is there to show when reading was cut off; nothing while rows have no names."""
        return [*self._cache.info, *self._numbers(problems)]

    def _is_slow(self) -> bool:
        return self._table.poll == "slow" or not self._table.columns

    async def _attempt(self, reading: Awaitable[None]) -> None:
        """Read, and note a failure. Raises RefusedError: that is not of this table alone."""
        try:
            await reading
        except RefusedError:
            raise
        except SnmpError as error:
            self.failure = self.failure or str(error)
            if isinstance(error, NoAnswerError):
                self.no_answer = error

    def _numbers_due(self) -> Iterator[Number]:
        for at, spec in enumerate(self._table.columns):
            if at not in self._cache.covered:
                yield spec

    def _own_columns(self) -> Iterator[str]:
        """Yield the columns to read at each poll: the numbers, and what they depend on."""
        due = list(self._numbers_due())
        yield from (spec.oid for spec in due)
        for spec in due:
            yield from spec.plus
            yield from (other for other in (spec.less, spec.over, spec.unless) if other)
        if due or not self._table.columns:
            yield from (only.oid for only in self._conditions() if is_read_every_poll(only))

    def _conditions(self) -> list[Only]:
        return [only for only in (self._table.only, self._table.omit) if only]

    def _rows(self) -> set[bytes]:
        return set().union(*(self._columns[spec.oid].keys() for spec in self._numbers_due()))

    async def _label_rows(self, rows: set[bytes], now: float) -> None:
        """Read what the rows are called; the old names stay when that fails."""
        cache, table = self._cache, self._table
        before = self.failure
        await self._attempt(self._columns.read_apart(columns_of(table)))
        if self.failure != before and cache.labels:
            return
        known = cache.labels and rows <= cache.labels.keys()
        if known and self._columns.problems(columns_of(table)):
            # The old names of rows whose names do not come any more are better than none.
            cache.named_at = now
            return
        labeller = RowLabeller(table, self._columns)
        labelled = {
            index: labeller.row(index)
            for index in sorted(rows | self._info_rows(), key=oid.numbers)
        }
        labels = {
            index: shared_labels(row.labels) if row else None for index, row in labelled.items()
        }
        cache.labels = shared_row_labels(tuple(labels.items()))
        cache.unique = len(set(cache.labels.values())) == len(cache.labels)
        cache.order = tuple(cache.labels) if rows == cache.labels.keys() else ()
        cache.named_at = now
        there = [row for row in labelled.values() if row]
        cache.beside = {
            other: labeller.beside(other, by, there)
            for other, by in dict(steady_columns(table)).items()
        }
        cache.info = tuple(self._info(labeller, there))
        if not self.failure:
            cache.covered = frozenset(self._needless(rows))

    def _info(self, labeller: RowLabeller, rows: list[Row]) -> Iterator[Family]:
        info, labels = self._table.info, self._labels()
        if info is None:
            return
        samples = [Sample(labeller.info(info, row), 1) for row in rows if row.index in labels]
        if samples:
            yield Family(info.metric, info.help, "gauge", without_duplicates(samples))

    def _info_rows(self) -> set[bytes]:
        own = [s for s in (self._table.info.labels if self._table.info else ()) if not s.by]
        return set().union(*(self._columns[spec.oid].keys() for spec in own if not spec.through))

    def _needless(self, rows: set[bytes]) -> Iterator[int]:
        """Yield the places of columns that need not be read until names are read again.

        Those that better columns make needless, and those that the device does not have though
        it has others.
        """
        for at, spec in enumerate(self._table.columns):
            if self._columns.is_dead(spec.oid):
                continue
            cells = self._columns[spec.oid]
            better = self._columns[spec.unless] if spec.unless else {}
            if rows and all(isinstance(better.get(index), int | float) for index in cells):
                yield at

    def _numbers(self, problems: list[DecodeProblem]) -> Iterator[Family]:
        labels = self._labels()
        for spec in self._numbers_due():
            samples = column(spec, self._columns[spec.oid], labels, self._beside, problems)
            if samples:
                points = tuple(samples) if self._cache.unique else without_duplicates(samples)
                yield Family(spec.metric, spec.help, spec.type, points)

    def _labels(self) -> RowLabels:
        """The labels of the rows that the table's conditions admit."""
        labels = self._cache.labels
        if not self._conditions():
            return labels
        return {index: text for index, text in labels.items() if self._admits(index)}

    def _admits(self, index: bytes) -> bool:
        beside, only, omit = self._beside(index), self._table.only, self._table.omit
        if only and not decode.admitted(beside(only.oid), only):
            return False
        return not (omit and decode.admitted(beside(omit.oid), omit))

    def _beside(self, index: bytes) -> Beside:
        remembered = self._cache.beside

        def other(wanted: str) -> Raw:
            cells = remembered.get(wanted)
            return (self._columns[wanted] if cells is None else cells).get(index, Missing.OBJECT)

        return other


def _number_columns(table: Table) -> Iterator[str]:
    """Yield all columns that a table's numbers are made of, and its conditions."""
    for spec in table.columns:
        yield from (spec.oid, *spec.plus)
        yield from (other for other in (spec.less, spec.over, spec.unless) if other)
    yield from (only.oid for only in (table.only, table.omit) if only)
