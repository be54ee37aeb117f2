"""Columns of one table read together, from an agent that may lie about them."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from monitors.snmp import oid
from monitors.snmp.client import (
    BadAnswerError,
    Missing,
    NoAnswerError,
    Page,
    Raw,
    Session,
    SnmpError,
    TooBigError,
)
from monitors.snmp.request_size import PageSize
from monitors.snmp.segments import Segment, expected, segments
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
class Reading:
    """Columns at work; what was read stays when the agent fails half-way.

    ``last`` is the index of the last row read in each, ``active`` the columns that may have more,
    ``lies`` what was wrong where the agent broke the rules; such a column ends.
    """

    columns: tuple[bytes, ...]
    cells: tuple[Cells, ...]
    last: list[bytes]
    active: list[int]
    lies: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, columns: Sequence[bytes]) -> "Reading":
        """Begin before the first row."""
        found = tuple(columns)
        return cls(found, tuple({} for _ in found), [b""] * len(found), list(range(len(found))))

    @property
    def taken(self) -> int:
        """How many rows were read."""
        return max(map(len, self.cells))

    def cursors(self) -> list[bytes]:
        """The OIDs after which to ask: one for each active column."""
        return [self.columns[column] + self.last[column] for column in self.active]

    def take_expected(self, page: Page, segment: Segment) -> bool:
        """Take an answer that is what a segment expects; False, and nothing taken, if it is not."""
        found = expected(page, segment)
        if found is None:
            return False
        width, end = len(self.columns), segment.indexes[-1]
        for column, cells in enumerate(self.cells):
            cells.update(zip(segment.indexes, found[column::width], strict=True))
            self.last[column] = end
        return True

    def take(self, page: Page) -> None:
        """Take an answer's bindings: rounds over the active columns (RFC 3416, 4.2.3).

        Raises BadAnswerError when there are none, or the octets are no bindings.
        """
        if page.start >= page.end:
            raise BadAnswerError(f"below {shown(self.columns[0])}: an answer with nothing in it")
        had = [len(self.cells[column]) for column in self.active]
        counts, ended = self._take(page)
        left = []
        for place, column in enumerate(self.active):
            rows = len(self.cells[column])
            if rows != had[place] + counts[place]:
                self.lies.append(f"below {shown(self.columns[column])}: a row came twice")
            elif rows > MOST_ROWS:
                self.lies.append(f"{shown(self.columns[column])}: more than {MOST_ROWS} rows")
            elif not ended[place]:
                left.append(column)
        self.active = left

    def _take(self, page: Page) -> tuple[list[int], list[bool]]:  # noqa: C901 - the hot path
        """Read the bindings into the cells; return how many for each column, and which ended.

        Written out where the rest of the codec calls functions: it runs for every value of a
        table.
        """
        data, place, end, _ = page
        unsigned, number = pdu.UNSIGNED, int.from_bytes
        at, width = 0, len(self.active)
        steps = [
            (column, self.columns[column], len(self.columns[column]), self.cells[column])
            for column in self.active
        ]
        last, counts, ended = self.last, [0] * width, [False] * width
        try:
            while place < end:
                step = at
                at = at + 1 if at + 1 < width else 0
                if data[place] != ber.SEQUENCE or data[place + 1] >= 0x80:
                    start, place = ber.enter(data, place, end, ber.SEQUENCE)
                else:
                    start = place + 2
                    place = start + data[place + 1]
                if ended[step]:
                    continue
                if data[start] != ber.OID or data[start + 1] >= 0x80:
                    name, stop = ber.enter(data, start, place, ber.OID)
                else:
                    name = start + 2
                    stop = name + data[start + 1]
                column, prefix, skip, cells = steps[step]
                tag, size, begin = data[stop], data[stop + 1], stop + 2
                if size >= 0x80:
                    tag, begin, _ = ber.element(data, stop, place)
                elif begin + size != place or place > end:
                    raise BadAnswerError(f"octet {begin}: a value that ends outside its binding")
                if tag == END or not data.startswith(prefix, name) or stop == name + skip:
                    ended[step] = True
                    continue
                if data[stop - 1] >= 0x80 or stop - name > LONGEST_NAME:
                    self.lies.append(f"below {shown(prefix)}: an OID without an end")
                    ended[step] = True
                    continue
                index = data[name + skip : stop]
                if index <= last[column] and not oid.follows(index, last[column]):
                    told = f"{shown(prefix + index)} came after {shown(prefix + last[column])}"
                    self.lies.append(f"{told}: not increasing")
                    ended[step] = True
                    continue
                if tag in unsigned and size < ber.LONGEST_NUMBER:
                    cells[index] = number(data[begin:place], "big")
                elif tag == ber.INTEGER and size < ber.LONGEST_NUMBER:
                    cells[index] = number(data[begin:place], "big", signed=True)
                else:
                    cells[index] = self._other(tag, data[begin:place])
                last[column] = index
                counts[step] += 1
        except IndexError:
            raise BadAnswerError("the message ends within a binding") from None
        return counts, ended

    def _other(self, tag: int, content: bytes) -> Raw:
        try:
            return values.decode(tag, content)
        except BadAnswerError as error:
            self.lies.append(str(error))
            return None


async def read(
    session: Session, reading: Reading, pages: PageSize, rows: tuple[bytes, ...] = ()
) -> None:
    """Read columns to their end, several a question.

    ``rows`` are the indexes that the table had the last time, in their order: a table that still
    has them is asked for at several places at once. Raises SnmpError, BadAnswerError for the first
    of the ``lies`` after all else was read; what was read until then is in ``reading``.
    """
    trusted, table = pages.bindings, reading.columns[0]
    try:
        if await _as_it_was(session, reading, pages, rows) and not pages.looks(table):
            reading.active = []
        while reading.active:
            asked, before = pages.rows(table, len(reading.active), reading.taken), reading.taken
            page = await _page(session, reading, pages)
            if page is None:
                await _apart(session, reading, pages)
            else:
                reading.take(page)
                if len(reading.active) == len(reading.columns):
                    pages.answered(table, asked, reading.taken - before, page)
            # A size is remembered once it got through: a device that went dead is not punished.
            trusted = pages.bindings
    finally:
        pages.bindings = trusted
    pages.counts[table] = reading.taken
    if reading.lies:
        raise BadAnswerError(reading.lies[0])


async def _as_it_was(
    session: Session, reading: Reading, pages: PageSize, rows: tuple[bytes, ...]
) -> bool:
    """Ask for known rows, some segments at once; whether the table has them as it had."""
    columns, table = reading.columns, reading.columns[0]
    step = pages.rows(table, len(columns))
    left = segments(columns, rows, step) if pages.window > 1 else ()
    if not left:
        return False
    for start in range(0, len(left), pages.window):
        some = left[start : start + pages.window]
        answers = await session.bulks([(one.cursors, len(one.indexes)) for one in some])
        for segment, page in zip(some, answers, strict=True):
            if isinstance(page, SnmpError):
                pages.alone()
                return False
            if not reading.take_expected(page, segment):
                before = reading.taken
                reading.take(page)
                pages.answered(table, len(segment.indexes), reading.taken - before, page)
                return False
            pages.answered(table, len(segment.indexes), len(segment.indexes), page)
    return True


async def _page(session: Session, reading: Reading, pages: PageSize) -> Page | None:
    """One answer, asked for in smaller and smaller sizes; None when a row is too much already."""
    table, count = reading.columns[0], len(reading.active)
    while True:
        rows = pages.rows(table, count, reading.taken)
        try:
            return await session.bulk(reading.cursors(), rows)
        except (TooBigError, NoAnswerError):
            if rows == 1 and count > 1:
                return None
            if not pages.failed(rows * count):
                raise


async def _apart(session: Session, reading: Reading, pages: PageSize) -> None:
    """Read the rest of the columns one after another: a row of all is too much for the agent."""
    for place in list(reading.active):
        single = Reading(
            (reading.columns[place],), (reading.cells[place],), [reading.last[place]], [0]
        )
        try:
            await read(session, single, pages)
        finally:
            reading.active.remove(place)


def shown(octets: bytes) -> str:
    """Return an OID for a message, whatever its octets are."""
    try:
        return oid.decode(octets)
    except oid.OidError:
        return octets.hex()
