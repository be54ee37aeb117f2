"""Columns of one table read together, from an agent that may lie about them."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from monitors.snmp import oid
from monitors.snmp.client import (
    BadAnswerError,
    BulkResponse,
    Missing,
    Raw,
    RefusedError,
    Session,
    SnmpError,
    TooBigError,
    why_no_use,
)
from monitors.snmp.request_size import RequestSize
from monitors.snmp.segments import Segment, expected_values, segments
from monitors.snmp.wire import ber, pdu, values

END = Missing.END.value
# What every agent has: whether it is still there.
SYS_UP_TIME = oid.encode("1.3.6.1.2.1.1.3.0")
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
    ``violations`` what was wrong where the agent broke the rules; such a column ends. ``broken``
    are columns behind whose last row nothing of use came, and what came, ``endless`` those that
    have more rows than any table.
    """

    columns: tuple[bytes, ...]
    cells: tuple[Cells, ...]
    last: list[bytes]
    active: list[int]
    violations: list[str] = field(default_factory=list)
    broken: dict[int, str] = field(default_factory=dict)
    endless: dict[int, str] = field(default_factory=dict)

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

    def lost(self) -> dict[bytes, str]:
        """The columns that the agent does not give, and what it does instead.

        One that has the last row of those that ended well has ended, too: what failed is whatever
        lies behind it in the agent. So has one that is alone and has rows.
        """
        whole = [self.last[at] for at in range(len(self.columns)) if at not in self.broken]
        furthest = max(whole, key=oid.numbers, default=b"")
        lost = dict(self.endless)
        for column, reason in self.broken.items():
            last = self.last[column]
            if not last or (furthest and oid.follows(furthest, last)):
                lost[column] = reason
        return {self.columns[column]: reason for column, reason in lost.items()}

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
                self.endless[column] = f"more than {MOST_ROWS} rows"
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
    has them is asked for at several places at once. What a column does that is ``lost`` is the
    walk's; NoAnswerError says that the device is gone. BadAnswerError is for the first of the
    ``violations``, after all else was read; what was read until then is in ``walk``.
    """
    trusted, table = sizes.bindings, walk.columns[0]
    try:
        if await _walk_known_rows(session, walk, sizes, rows) and not sizes.is_look_due(table):
            walk.active = []
        await _walk_on(session, walk, sizes)
        # A size is remembered once it got through: a device that went dead is not punished.
        trusted = trusted if walk.broken else sizes.bindings
    finally:
        sizes.bindings = trusted
    sizes.row_counts[table] = walk.taken
    if len(walk.lost()) < len(walk.broken):
        sizes.quiet_ends.add(table)
    if walk.violations:
        raise BadAnswerError(walk.violations[0])


async def _walk_on(session: Session, walk: TableWalk, sizes: RequestSize) -> None:
    """Ask for rows until all columns have ended; row by row for a while after a failure."""
    table, careful = walk.columns[0], 0
    while walk.active and not sizes.is_at_quiet_end(table, walk.taken):
        before, count = walk.taken, len(walk.active)
        asked = 1 if careful > 0 else sizes.rows(table, count, walk.taken)
        careful -= 1
        try:
            bulk = await session.bulk(walk.cursors(), asked)
        except RefusedError:
            raise
        except SnmpError as error:
            if asked > 1:
                sizes.shrink(asked * count)
            if not (isinstance(error, TooBigError) and asked > 1):
                await _walk_after_failure(session, walk, sizes, asked)
                careful = 0 if asked == 1 else asked
        else:
            walk.take(bulk)
            if len(walk.active) == len(walk.columns) and careful < 0:
                sizes.learn(table, asked, walk.taken - before, bulk)


async def _walk_after_failure(
    session: Session, walk: TableWalk, sizes: RequestSize, asked: int
) -> None:
    """Ask each column alone for its next row: those that fail again end, the others go on.

    Raises NoAnswerError when the device is gone.
    """
    answers = await session.next_apart(walk.cursors())
    well = [binding for binding in answers if not isinstance(binding, SnmpError)]
    if not well:
        await session.get([SYS_UP_TIME])
    count = len(walk.active)
    for column, answer in zip(list(walk.active), answers, strict=True):
        if isinstance(answer, SnmpError):
            walk.broken[column] = why_no_use(answer)
            walk.active.remove(column)
    if well:
        octets = b"".join(pdu.binding(*binding) for binding in well)
        walk.take(BulkResponse(octets, 0, len(octets), 0))
    if asked == 1 and len(walk.active) == count > 1:
        await _walk_apart(session, walk, sizes)


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


async def _walk_apart(session: Session, walk: TableWalk, sizes: RequestSize) -> None:
    """Read the rest of the columns one after another: a row of all is too much for the agent."""
    for column in list(walk.active):
        single = TableWalk((walk.columns[column],), (walk.cells[column],), [walk.last[column]], [0])
        try:
            await walk_table(session, single, sizes)
        except BadAnswerError as error:
            walk.violations.append(str(error))
        finally:
            walk.active.remove(column)
            walk.last[column] = single.last[0]
            for found, kept in ((single.broken, walk.broken), (single.endless, walk.endless)):
                for reason in found.values():
                    kept[column] = reason


def oid_text(octets: bytes) -> str:
    """Return an OID for a message, whatever its octets are."""
    try:
        return oid.decode(octets)
    except oid.OidError:
        return octets.hex()
