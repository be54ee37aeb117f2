"""Columns of one table read together, from an agent that may lie about them."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from monitors.snmp import oid
from monitors.snmp.client import (
    BadAnswerError,
    Binding,
    Missing,
    NoAnswerError,
    Raw,
    Session,
    TooBigError,
)

# A row's index as octets, and its value.
Cells = dict[bytes, Raw]

# More than any port table; an agent that goes on has no end to its table.
MOST_ROWS = 20_000
# Long questions make some agents stumble.
MOST_COLUMNS = 16
# What crosses every link in one piece, tunnels included (the UDP payload).
LARGEST_ANSWER = 1400
# A 64-bit counter with its OID takes 24; the first answer shows what these take.
FIRST_GUESS = 24
MOST_BINDINGS = 120
# So many good answers after a refused one, a larger one is tried again.
PATIENCE = 200


@dataclass(slots=True)
class PageSize:
    """How much to ask of one device at once; learned from its answers and remembered.

    ``bindings`` is what it manages at most: halved when an answer is too big for it or does not
    come, doubled again after many good answers. ``octets`` is what a row of each table takes,
    ``counts`` how many rows it had.
    """

    bindings: int = MOST_BINDINGS
    octets: dict[bytes, int] = field(default_factory=dict)
    counts: dict[bytes, int] = field(default_factory=dict)
    good: int = 0

    def rows(self, table: bytes, columns: int, taken: int = 0) -> int:
        """Return for how many rows of a table to ask: max-repetitions of RFC 3416, 4.2.3.

        With ``taken`` rows read, no more than are left, and the one that shows the end.
        """
        fitting = LARGEST_ANSWER // self.octets.get(table, FIRST_GUESS * columns)
        left = self.counts.get(table, fitting) - taken + 1
        return max(1, min(fitting, self.bindings // columns, left if left > 0 else fitting))

    def answered(self, table: bytes, rows: int, size: int) -> None:
        """Learn from an answer of ``rows`` rows and ``size`` octets."""
        if rows and size:
            self.octets[table] = -(-size // rows)
        if self.bindings < MOST_BINDINGS:
            self.good += 1
            if self.good >= PATIENCE:
                self.bindings, self.good = min(MOST_BINDINGS, 2 * self.bindings), 0

    def failed(self, asked: int) -> bool:
        """Take it that ``asked`` bindings were too many; False when it cannot be fewer."""
        if asked <= 1 or self.bindings <= 1:
            return False
        self.bindings, self.good = max(1, min(self.bindings, asked) // 2), 0
        return True


@dataclass(slots=True)
class Reading:
    """Columns at work; what was read stays when the agent fails half-way.

    ``lies`` are the columns that ended because the agent broke the rules in them.
    """

    columns: tuple[bytes, ...]
    cells: tuple[Cells, ...]
    cursors: list[bytes]
    active: list[int]
    lies: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, columns: Sequence[bytes]) -> "Reading":
        """Begin before the first row."""
        found = tuple(columns)
        return cls(found, tuple({} for _ in found), list(found), list(range(len(found))))

    @property
    def taken(self) -> int:
        """How many rows were read."""
        return max(map(len, self.cells))

    def take(self, page: list[Binding]) -> None:
        """Take an answer's bindings: rounds over the active columns (RFC 3416, 4.2.3)."""
        count, active = len(self.active), []
        for place, column in enumerate(self.active):
            if self._take(column, page[place::count]):
                active.append(column)
        self.active = active

    def _take(self, column: int, bindings: list[Binding]) -> bool:
        """Take one column's share of an answer; return whether there may be more of it."""
        prefix, cells, last = self.columns[column], self.cells[column], self.cursors[column]
        skip, expected = len(prefix), len(cells)
        for name, value in bindings:
            if not name.startswith(prefix) or value is Missing.END:
                return False
            if name <= last and not oid.follows(name, last):
                self.lies.append(f"{shown(name)} came after {shown(last)}: not increasing")
                return False
            cells[name[skip:]] = value
            last = name
            expected += 1
        self.cursors[column] = last
        if len(cells) != expected:
            self.lies.append(f"below {shown(prefix)}: a row came twice")
        elif len(cells) > MOST_ROWS:
            self.lies.append(f"{shown(prefix)}: more than {MOST_ROWS} rows: no end")
        else:
            return True
        return False


async def read(session: Session, reading: Reading, pages: PageSize) -> None:
    """Read columns to their end, several a question.

    Raises SnmpError, BadAnswerError for the first of the ``lies`` after all else was read; what
    was read until then is in ``reading``.
    """
    trusted = pages.bindings
    try:
        while reading.active:
            page = await _page(session, reading, pages)
            if not page:
                await _apart(session, reading, pages)
            # A size is remembered once it got through: a device that went dead is not punished.
            trusted = pages.bindings
            reading.take(page)
    finally:
        pages.bindings = trusted
    pages.counts[reading.columns[0]] = reading.taken
    if reading.lies:
        raise BadAnswerError(reading.lies[0])


async def _page(session: Session, reading: Reading, pages: PageSize) -> list[Binding]:
    """One answer, asked for in smaller and smaller sizes; empty when a row is too much already."""
    table = reading.columns[0]
    asked = [reading.cursors[column] for column in reading.active]
    while True:
        rows = pages.rows(table, len(asked), reading.taken)
        try:
            page, size = await session.bulk(asked, rows)
        except (TooBigError, NoAnswerError):
            if rows == 1 and len(asked) > 1:
                return []
            if not pages.failed(rows * len(asked)):
                raise
            continue
        if not page:
            raise BadAnswerError(f"below {shown(table)}: an answer with nothing in it")
        if len(asked) == len(reading.columns):
            pages.answered(table, len(page) // len(asked), size)
        return page


async def _apart(session: Session, reading: Reading, pages: PageSize) -> None:
    """Read the rest of the columns one after another: a row of all is too much for the agent."""
    for place in list(reading.active):
        single = Reading(
            (reading.columns[place],), (reading.cells[place],), [reading.cursors[place]], [0]
        )
        await read(session, single, pages)
        reading.active.remove(place)


def shown(octets: bytes) -> str:
    """Return an OID for a message, whatever its octets are."""
    try:
        return oid.decode(octets)
    except oid.OidError:
        return octets.hex()
