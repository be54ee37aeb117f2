"""Columns of one table read together, from an agent that may lie about them."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from monitors.snmp import oid
from monitors.snmp.client import (
    BadAnswerError,
    BulkResponse,
    Missing,
    NoAnswerError,
    Raw,
    Session,
    SnmpError,
    TooBigError,
)
from monitors.snmp.request_size import RequestSize
from monitors.snmp.segments import Segment, expected_values, segments
from monitors.snmp.wire import ber, pdu, values

END = Missing.END.value
# A row's index as octets, and its value.
Cells = dict[bytes, Raw]

# RFC 2578, 3.5: 128 numbers of five octets.
LONGEST_NAME = 640
# More than any port table; an agent that goes on has no end to its table.
MOST_ROWS = 20_000
# Long questions make some agents stumble.
MOST_COLUMNS = 16


@dataclass(slots=True)
class TableWalk:
    """Columns at work; what was read stays when the agent fails half-way.

    ``last`` is the index of the last row read in each, ``active`` the columns that may have more,
    ``violations`` what was wrong where the agent broke the rules; such a column ends.
    """

    columns: tuple[bytes, ...]
    cells: tuple[Cells, ...]
    last: list[bytes]
    active: list[int]
    violations: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, columns: Sequence[bytes]) -> "TableWalk":
        """Begin before the first row."""
        count = len(columns)
        cells: tuple[Cells, ...] = tuple({} for _ in columns)
        return cls(tuple(columns), cells, [b""] * count, list(range(count)))

    @property
    def taken(self) -> int:
        """How many rows were read."""
        return max(map(len, self.cells))

    def cursors(self) -> list[bytes]:
        """The OIDs after which to ask: one for each active column."""
        return [self.columns[column] + self.last[column] for column in self.active]

    def take_expected(self, bulk: BulkResponse, segment: Segment) -> bool:
        """Take an answer that is what a segment expects; False, and nothing taken, if it is not."""
        row_values = expected_values(bulk, segment)
        if row_values is None:
            return False
        width, end = len(self.columns), segment.indexes[-1]
        for column, cells in enumerate(self.cells):
            cells.update(zip(segment.indexes, row_values[column::width], strict=True))
            self.last[column] = end
        return True

    def take(self, bulk: BulkResponse) -> None:
        """Take an answer's bindings: rounds over the active columns (RFC 3416, 4.2.3).

        Raises BadAnswerError when there are none, or the octets are no bindings.
        """
        if bulk.start >= bulk.end:
            raise BadAnswerError(f"below {oid_text(self.columns[0])}: an answer with nothing in it")
        had = [len(self.cells[column]) for column in self.active]
        counts, ended = self._take(bulk)
        left = []
        for at, column in enumerate(self.active):
            rows = len(self.cells[column])
            if rows != had[at] + counts[at]:
                self.violations.append(f"below {self._name(column)}: a row came twice")
            elif rows > MOST_ROWS:
                self.violations.append(f"{self._name(column)}: more than {MOST_ROWS} rows")
            elif not ended[at]:
                left.append(column)
        self.active = left

    def _take(self, bulk: BulkResponse) -> tuple[list[int], list[bool]]:  # noqa: C901 - the hot path
        """Read the bindings into the cells; return how many for each column, and which ended.

        Written out where the rest of the codec calls functions: it runs for every value of a
        table.
        """
        data, offset, end, _ = bulk
        unsigned, number = pdu.UNSIGNED, int.from_bytes
        at, width = 0, len(self.active)
        steps = [
            (column, self.columns[column], len(self.columns[column]), self.cells[column])
            for column in self.active
        ]
        last, counts, ended = self.last, [0] * width, [False] * width
        try:
            while offset < end:
                step = at
                at = at + 1 if at + 1 < width else 0
                if data[offset] != ber.SEQUENCE or data[offset + 1] >= 0x80:
                    start, offset = ber.enter(data, offset, end, ber.SEQUENCE)
                else:
                    start = offset + 2
                    offset = start + data[offset + 1]
                if ended[step]:
                    continue
                if data[start] != ber.OID or data[start + 1] >= 0x80:
                    name, stop = ber.enter(data, start, offset, ber.OID)
                else:
                    name = start + 2
                    stop = name + data[start + 1]
                column, prefix, skip, cells = steps[step]
                tag, size, begin = data[stop], data[stop + 1], stop + 2
                if size >= 0x80:
                    tag, begin, _ = ber.element(data, stop, offset)
                elif begin + size != offset or offset > end:
                    raise BadAnswerError(f"octet {begin}: a value that ends outside its binding")
                if tag == END or not data.startswith(prefix, name) or stop == name + skip:
                    ended[step] = True
                    continue
                if data[stop - 1] >= 0x80 or stop - name > LONGEST_NAME:
                    self.violations.append(f"below {oid_text(prefix)}: an OID without an end")
                    ended[step] = True
                    continue
                index = data[name + skip : stop]
                if index <= last[column] and not oid.follows(index, last[column]):
                    order = (
                        f"{oid_text(prefix + index)} came after {oid_text(prefix + last[column])}"
                    )
                    self.violations.append(f"{order}: not increasing")
                    ended[step] = True
                    continue
                if tag in unsigned and size < ber.LONGEST_NUMBER:
                    cells[index] = number(data[begin:offset], "big")
                elif tag == ber.INTEGER and size < ber.LONGEST_NUMBER:
                    cells[index] = number(data[begin:offset], "big", signed=True)
                else:
                    cells[index] = self._other(tag, data[begin:offset])
                last[column] = index
                counts[step] += 1
        except IndexError:
            raise BadAnswerError("the message ends within a binding") from None
        return counts, ended

    def _name(self, column: int) -> str:
        return oid_text(self.columns[column])

    def _other(self, tag: int, content: bytes) -> Raw:
        try:
            return values.decode(tag, content)
        except BadAnswerError as error:
            self.violations.append(str(error))
            return None


async def walk_table(
    session: Session, walk: TableWalk, sizes: RequestSize, rows: tuple[bytes, ...] = ()
) -> None:
    """Read columns to their end, several a question.

    ``rows`` are the indexes that the table had the last time, in their order: a table that still
    has them is asked for at several places at once. Raises SnmpError, BadAnswerError for the first
    of the ``violations`` after all else was read; what was read until then is in ``walk``.
    """
    trusted, table = sizes.bindings, walk.columns[0]
    try:
        if await _walk_known_rows(session, walk, sizes, rows) and not sizes.is_look_due(table):
            walk.active = []
        while walk.active:
            asked, before = sizes.rows(table, len(walk.active), walk.taken), walk.taken
            bulk = await _next_response(session, walk, sizes)
            if bulk is None:
                await _walk_apart(session, walk, sizes)
            else:
                walk.take(bulk)
                if len(walk.active) == len(walk.columns):
                    sizes.learn(table, asked, walk.taken - before, bulk)
            # A size is remembered once it got through: a device that went dead is not punished.
            trusted = sizes.bindings
    finally:
        sizes.bindings = trusted
    sizes.row_counts[table] = walk.taken
    if walk.violations:
        raise BadAnswerError(walk.violations[0])


async def _walk_known_rows(
    session: Session, walk: TableWalk, sizes: RequestSize, rows: tuple[bytes, ...]
) -> bool:
    """Ask for known rows, some segments at once; whether the table has them as it had."""
    columns, table = walk.columns, walk.columns[0]
    step = sizes.rows(table, len(columns))
    left = segments(columns, rows, step) if sizes.window > 1 else ()
    if not left:
        return False
    for start in range(0, len(left), sizes.window):
        batch = left[start : start + sizes.window]
        answers = await session.bulk_all([(one.cursors, len(one.indexes)) for one in batch])
        for segment, bulk in zip(batch, answers, strict=True):
            if isinstance(bulk, SnmpError):
                sizes.one_at_a_time()
                return False
            if not walk.take_expected(bulk, segment):
                before = walk.taken
                walk.take(bulk)
                sizes.learn(table, len(segment.indexes), walk.taken - before, bulk)
                return False
            sizes.learn(table, len(segment.indexes), len(segment.indexes), bulk)
    return True


async def _next_response(
    session: Session, walk: TableWalk, sizes: RequestSize
) -> BulkResponse | None:
    """One answer, asked for in smaller and smaller sizes; None when a row is too much already."""
    table, count = walk.columns[0], len(walk.active)
    while True:
        rows = sizes.rows(table, count, walk.taken)
        try:
            return await session.bulk(walk.cursors(), rows)
        except (TooBigError, NoAnswerError):
            if rows == 1 and count > 1:
                return None
            if not sizes.shrink(rows * count):
                raise


async def _walk_apart(session: Session, walk: TableWalk, sizes: RequestSize) -> None:
    """Read the rest of the columns one after another: a row of all is too much for the agent."""
    for column in list(walk.active):
        single = TableWalk((walk.columns[column],), (walk.cells[column],), [walk.last[column]], [0])
        try:
            await walk_table(session, single, sizes)
        finally:
            walk.active.remove(column)


def oid_text(octets: bytes) -> str:
    """Return an OID for a message, whatever its octets are."""
    try:
        return oid.decode(octets)
    except oid.OidError:
        return octets.hex()
